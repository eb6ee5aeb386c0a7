UPDATE groups
SET uid = $2, name = $3, builtin = $4, permissions = $5, created_at = $6
WHERE id = $1
