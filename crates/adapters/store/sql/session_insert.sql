INSERT INTO sessions (digest, user_id, epoch, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
