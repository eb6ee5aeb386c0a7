-- One row for each group of the user; at least one.
SELECT
    {user u},
    u.attributes,
    {group g},
    (
        SELECT string_agg(CAST(s.source_id AS TEXT) || ':' || s.level, ',')
        FROM group_sources s
        WHERE s.group_id = g.id
    )
FROM users u
LEFT JOIN group_members gm ON gm.user_id = u.id
LEFT JOIN groups g ON g.id = gm.group_id
WHERE u.id = $1
ORDER BY gm.position
