SELECT q.id, q.name, r.reason, COUNT(*), MAX(r.failures), MAX(r.finished_at)
FROM (
    SELECT
        s.query_id,
        s.failures,
        s.finished_at,
        SUBSTR(COALESCE(s.error_detail, ''), 1, CAST(CAST($3 AS BIGINT) AS INTEGER)) AS reason
    FROM schedule_runs s
    WHERE s.report = $1 AND s.reported_at IS NULL AND s.failures <= $2
) r
JOIN queries q ON q.id = r.query_id
GROUP BY q.id, q.name, r.reason
ORDER BY MIN(r.finished_at), q.id, r.reason
LIMIT $4
