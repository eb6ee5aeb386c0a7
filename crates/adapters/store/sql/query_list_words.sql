SELECT q.id, q.name, q.description, q.text FROM queries q WHERE q.id > $1 ORDER BY q.id LIMIT $2
