UPDATE queries
SET latest_result = $1
WHERE source_id = $2 AND substr(text, 1, 200) = substr($3, 1, 200) AND text = $3
