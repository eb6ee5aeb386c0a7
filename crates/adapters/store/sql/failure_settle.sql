UPDATE schedule_runs
SET reported_at = $2
WHERE
    report_lease = $1
    AND reported_at IS NULL
    AND query_id IN (SELECT q.id FROM queries q WHERE q.owner_id = $3)
