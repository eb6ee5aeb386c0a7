-- A run with the query's own values, of its present text.
UPDATE queries
SET latest_result = $2
WHERE
    id IN (SELECT r.query_id FROM schedule_runs r WHERE r.job_uid = $1)
    AND template_digest = $3
    AND is_archived = 0
