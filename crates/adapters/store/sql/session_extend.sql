UPDATE sessions
SET
    expires_at = CASE WHEN expires_at < $2 THEN $2 ELSE expires_at END,
    last_seen_at = CASE WHEN last_seen_at < $3 THEN $3 ELSE last_seen_at END,
    address = COALESCE($4, address)
WHERE digest = $1
