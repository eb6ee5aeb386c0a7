SELECT
    g.id,
    (
        SELECT string_agg(CAST(m.user_id AS TEXT), ',' ORDER BY m.user_id)
        FROM group_members m
        WHERE m.group_id = g.id
    )
FROM groups g
WHERE g.id = $1
