INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2)
