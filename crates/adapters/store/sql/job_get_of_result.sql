SELECT {job j} FROM jobs j WHERE j.result_id = $1 ORDER BY j.id DESC LIMIT 1
