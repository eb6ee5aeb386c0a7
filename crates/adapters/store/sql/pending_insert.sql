INSERT INTO pending_signins (digest, kind, user_id, sealed, attempts, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
