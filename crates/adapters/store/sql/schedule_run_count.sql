SELECT COUNT(*) FROM schedule_runs r WHERE r.query_id = $1
