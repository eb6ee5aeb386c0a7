SELECT {key k}
FROM keys k
WHERE k.parent_id = $1 AND k.revoked_at IS NULL
ORDER BY k.created_at, k.id
