SELECT {key k}
FROM keys k
WHERE k.pepper_version <> $1 AND k.sealed IS NOT NULL AND k.revoked_at IS NULL
ORDER BY k.id
LIMIT $2
