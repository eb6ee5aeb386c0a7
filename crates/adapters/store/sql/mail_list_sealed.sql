SELECT m.id, 'mail:' || m.deduplication, m.sealed
FROM mails m
WHERE m.id > $1 AND m.sealed IS NOT NULL
ORDER BY m.id
LIMIT $2
