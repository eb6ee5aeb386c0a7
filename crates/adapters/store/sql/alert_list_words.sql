SELECT
    a.id, a.name, {json a.options custom_subject},
    COALESCE({json a.options custom_body}, {json a.options template})
FROM alerts a
WHERE a.id > $1
ORDER BY a.id
LIMIT $2
