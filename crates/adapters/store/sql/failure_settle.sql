UPDATE schedule_runs SET reported_at = $2 WHERE report = $1 AND reported_at IS NULL
