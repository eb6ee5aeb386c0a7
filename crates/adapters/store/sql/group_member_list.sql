SELECT gm.user_id, gm.group_id
FROM group_members gm
JOIN users u ON u.id = gm.user_id
WHERE u.disabled_at IS NULL
ORDER BY gm.user_id, gm.group_id
