UPDATE queries
SET latest_result = $1
WHERE template_digest = $2 AND is_archived = 0
