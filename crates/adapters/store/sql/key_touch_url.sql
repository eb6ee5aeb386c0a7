UPDATE keys SET url_used_at = $2 WHERE id = $1 AND (url_used_at IS NULL OR url_used_at < $2)
