UPDATE users
SET
    uid = $2, name = $3, name_key = $4, email = $5, password_hash = $6, disabled_at = $7,
    invitation_pending = $8, email_verified = $9, active_at = $10, epoch = $11, created_at = $12,
    updated_at = $13
WHERE id = $1
