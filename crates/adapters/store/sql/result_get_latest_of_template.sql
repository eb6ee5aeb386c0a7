SELECT {result r}
FROM results r
WHERE r.template_digest = $1 AND r.has_parameters = 0
ORDER BY r.retrieved_at DESC, r.id DESC
LIMIT 1
