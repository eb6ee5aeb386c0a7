UPDATE destinations
SET name = $3, kind = $4, options = $5, sealed_options = $6, updated_at = $7
WHERE id = $1 AND updated_at = $2
