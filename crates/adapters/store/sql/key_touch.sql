UPDATE keys
SET last_used_at = $2, last_address = $3, last_client = $4, last_transport = $5
WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)
