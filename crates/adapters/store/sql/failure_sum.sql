SELECT COUNT(DISTINCT g.query_id), COUNT(*)
FROM (
    SELECT r.query_id, r.reason
    FROM (
        SELECT
            s.query_id,
            SUBSTR(COALESCE(s.error_detail, ''), 1, CAST(CAST($3 AS BIGINT) AS INTEGER)) AS reason
        FROM schedule_runs s
        WHERE s.report = $1 AND s.reported_at IS NULL AND s.failures <= $2
    ) r
    GROUP BY r.query_id, r.reason
) g
