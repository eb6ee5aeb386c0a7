-- Nodes that claim at the same time: the condition on the lease is looked at again once the row is
-- free.
UPDATE schedule_runs
SET report_lease = $3, report = $4
WHERE
    state = 'failed'
    AND reported_at IS NULL
    AND report IS NULL
    AND finished_at <= $1
    AND (report_lease IS NULL OR report_lease <= $2)
    AND query_id IN (SELECT q.id FROM queries q WHERE q.owner_id = $5)
