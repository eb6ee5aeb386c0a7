-- Rows are locked in order, so that two jobs that end at the same time do not lock each other out.
UPDATE queries
SET latest_result = $1
WHERE
    id IN (
        SELECT q.id
        FROM queries q
        WHERE q.template_digest = $2 AND q.is_archived = 0
        ORDER BY q.id
        FOR UPDATE
    )
RETURNING CASE WHEN EXISTS (SELECT 1 FROM alerts a WHERE a.query_id = queries.id) THEN 1 ELSE 0 END
