SELECT {change c}
FROM changes c
WHERE c.object_kind = $1 AND c.object_id = $2
ORDER BY c.id DESC
LIMIT $3 OFFSET $4
