-- A run with the query's own values, of its present text. Says which of the queries have alerts.
UPDATE queries
SET latest_result = $2
WHERE
    id IN (SELECT r.query_id FROM schedule_runs r WHERE r.job_uid = $1)
    AND template_digest = $3
    AND is_archived = 0
RETURNING CASE WHEN EXISTS (SELECT 1 FROM alerts a WHERE a.query_id = queries.id) THEN 1 ELSE 0 END
