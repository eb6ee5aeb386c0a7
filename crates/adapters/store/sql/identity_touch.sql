UPDATE identities SET used_at = $3
WHERE issuer = $1 AND subject = $2 AND used_at < $3
