DELETE FROM group_members WHERE user_id = $1
