UPDATE destinations
SET name = $2, kind = $3, options = $4, sealed_options = $5, updated_at = $6
WHERE id = $1
