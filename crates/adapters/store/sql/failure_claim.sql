-- What somebody took and did not bring to its end comes again as it was, without what failed since,
-- so that a report of it is the same report. Nodes that claim at the same time: the condition on the
-- lease is looked at again once the row is free.
UPDATE schedule_runs
SET report_lease = $3
WHERE
    state = 'failed'
    AND reported_at IS NULL
    AND finished_at <= $1
    AND (report_lease IS NULL OR report_lease <= $2)
    AND COALESCE(report_lease, 0) = (
        SELECT MAX(COALESCE(r.report_lease, 0))
        FROM schedule_runs r
        WHERE
            r.state = 'failed'
            AND r.reported_at IS NULL
            AND r.finished_at <= $1
            AND (r.report_lease IS NULL OR r.report_lease <= $2)
    )
RETURNING id
