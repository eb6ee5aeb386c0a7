SELECT {change c}
FROM changes c
WHERE c.object_kind = $1 AND c.object_id = $2 AND c.version > $3
ORDER BY c.id DESC
