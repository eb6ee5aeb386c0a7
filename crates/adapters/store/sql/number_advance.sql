UPDATE sqlite_sequence SET seq = $2 WHERE name = $1 AND seq < $2
