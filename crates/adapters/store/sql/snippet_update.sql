UPDATE snippets
SET trigger = $2, description = $3, text = $4, updated_at = $5
WHERE id = $1
