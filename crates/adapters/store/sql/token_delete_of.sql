DELETE FROM tokens WHERE user_id = $1
