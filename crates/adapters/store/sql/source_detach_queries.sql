UPDATE queries
SET source_id = NULL, template_digest = NULL, latest_result = NULL
WHERE source_id = $1
