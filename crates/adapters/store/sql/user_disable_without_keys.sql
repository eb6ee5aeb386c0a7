UPDATE users
SET disabled_at = $2, epoch = epoch + 1, updated_at = $2
WHERE
    id = $1
    AND disabled_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM keys k WHERE k.user_id = $1 AND k.revoked_at IS NULL)
