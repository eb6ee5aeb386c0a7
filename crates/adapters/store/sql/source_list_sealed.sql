SELECT s.id, 'source:' || s.uid, s.sealed_options
FROM sources s
WHERE s.id > $1 AND s.sealed_options IS NOT NULL
ORDER BY s.id
LIMIT $2
