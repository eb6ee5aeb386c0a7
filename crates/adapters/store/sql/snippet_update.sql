UPDATE snippets
SET trigger = $3, description = $4, text = $5, updated_at = $6
WHERE id = $1 AND updated_at = $2
