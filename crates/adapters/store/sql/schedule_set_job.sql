UPDATE query_schedules SET job_uid = $2 WHERE query_id = $1
