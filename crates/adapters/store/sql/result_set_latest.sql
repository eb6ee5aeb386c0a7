UPDATE queries
SET latest_result = $1
WHERE template_digest = $2 AND is_archived = 0
RETURNING CASE WHEN EXISTS (SELECT 1 FROM alerts a WHERE a.query_id = queries.id) THEN 1 ELSE 0 END
