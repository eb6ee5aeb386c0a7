INSERT INTO identities (issuer, subject, user_id, email, created_at, used_at)
VALUES ($1, $2, $3, $4, $5, $6)
