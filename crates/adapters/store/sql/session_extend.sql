UPDATE sessions SET expires_at = $2 WHERE digest = $1 AND expires_at < $2
