UPDATE jobs SET result_id = $2 WHERE id = $1
