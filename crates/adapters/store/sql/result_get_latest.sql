SELECT {result r}
FROM results r
WHERE r.cache_key = $1 AND r.retrieved_at >= $2
ORDER BY r.retrieved_at DESC, r.id DESC
LIMIT 1
