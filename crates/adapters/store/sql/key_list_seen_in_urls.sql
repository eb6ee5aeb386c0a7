SELECT {key k}
FROM keys k
WHERE k.url_used_at IS NOT NULL AND k.revoked_at IS NULL
ORDER BY k.url_used_at DESC, k.id DESC
