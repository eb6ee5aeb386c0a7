-- What somebody took and did not bring to its end goes first.
SELECT r.report, q.owner_id
FROM schedule_runs r
JOIN queries q ON q.id = r.query_id
WHERE
    r.state = 'failed'
    AND r.reported_at IS NULL
    AND (r.report IS NOT NULL OR r.finished_at <= $1)
    AND (r.report_lease IS NULL OR r.report_lease <= $2)
ORDER BY r.report IS NULL, r.finished_at, r.id
LIMIT 1
