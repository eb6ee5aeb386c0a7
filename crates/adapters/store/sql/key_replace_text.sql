UPDATE keys
SET lookup = $2, digest = $3, pepper_version = $4, hint = $5
WHERE id = $1 AND revoked_at IS NULL
