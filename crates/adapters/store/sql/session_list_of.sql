SELECT {session s} FROM sessions s
WHERE s.user_id = $1 AND s.expires_at > $2
ORDER BY s.last_seen_at DESC, s.created_at DESC, s.uid
