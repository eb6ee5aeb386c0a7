SELECT gm.group_id, COUNT(*)
FROM group_members gm
JOIN users u ON u.id = gm.user_id
WHERE u.disabled_at IS NULL
GROUP BY gm.group_id
