-- As it was, without what failed since, so that a report of it is the same report.
UPDATE schedule_runs
SET report_lease = $2
WHERE report = $3 AND reported_at IS NULL AND report_lease <= $1
