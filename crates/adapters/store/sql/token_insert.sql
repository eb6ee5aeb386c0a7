INSERT INTO tokens (digest, user_id, purpose, expires_at) VALUES ($1, $2, $3, $4)
