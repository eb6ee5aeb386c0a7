SELECT d.id, 'destination:' || d.uid, d.sealed_options
FROM destinations d
WHERE d.id > $1 AND d.sealed_options IS NOT NULL
ORDER BY d.id
LIMIT $2
