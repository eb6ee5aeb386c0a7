UPDATE users SET active_at = $2 WHERE id = $1 AND (active_at IS NULL OR active_at < $2)
