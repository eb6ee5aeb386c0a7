SELECT k.id, 'key:' || k.lookup, k.sealed
FROM keys k
WHERE k.id > $1 AND k.sealed IS NOT NULL
ORDER BY k.id
LIMIT $2
