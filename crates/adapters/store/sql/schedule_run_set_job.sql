UPDATE schedule_runs SET job_uid = $3 WHERE query_id = $1 AND due_at = $2
