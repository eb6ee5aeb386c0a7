SELECT {snippet s}, {user u}
FROM snippets s
JOIN users u ON u.id = s.owner_id
ORDER BY s.trigger, s.id
