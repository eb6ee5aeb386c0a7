-- A key that can be shown again is the compatible one of a user, query or dashboard: it stays.
UPDATE keys
SET disabled_at = $2
WHERE
    sealed IS NULL
    AND disabled_at IS NULL
    AND revoked_at IS NULL
    AND created_at < $1
    AND COALESCE(last_used_at, 0) < $1
    AND COALESCE(enabled_at, 0) < $1
RETURNING id
