SELECT o.id, 'once:' || o.name, o.answer
FROM once_records o
WHERE o.id > $1 AND o.answer IS NOT NULL
ORDER BY o.id
LIMIT $2
