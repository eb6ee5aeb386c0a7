INSERT INTO group_members (user_id, group_id, position)
VALUES (
    $1,
    $2,
    (SELECT COALESCE(MAX(m.position), 0) + 1 FROM group_members m WHERE m.user_id = $1)
)
ON CONFLICT (user_id, group_id) DO NOTHING
