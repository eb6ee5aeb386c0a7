UPDATE schedule_runs
SET report_lease = $3
WHERE
    state = 'failed'
    AND reported_at IS NULL
    AND finished_at <= $1
    AND (report_lease IS NULL OR report_lease <= $2)
RETURNING id
