UPDATE keys SET name = $2 WHERE id = $1 AND revoked_at IS NULL
