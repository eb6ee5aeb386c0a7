UPDATE keys SET expires_at = $2, warned_days = NULL WHERE id = $1
