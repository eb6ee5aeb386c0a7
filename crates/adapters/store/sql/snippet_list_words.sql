SELECT s.id, s.trigger, s.description, s.text
FROM snippets s
WHERE s.id > $1
ORDER BY s.id
LIMIT $2
