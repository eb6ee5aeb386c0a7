INSERT INTO users (
    uid, name, name_key, email, password_hash, disabled_at, invitation_pending, email_verified,
    active_at, epoch, created_at, updated_at, kind
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
RETURNING id
