INSERT INTO sessions
    (uid, digest, user_id, epoch, created_at, expires_at, last_seen_at, address, client, method)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
