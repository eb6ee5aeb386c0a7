UPDATE keys
SET expires_at = $2, replaced_at = $3
WHERE id = $1 AND replaced_at IS NULL AND revoked_at IS NULL
