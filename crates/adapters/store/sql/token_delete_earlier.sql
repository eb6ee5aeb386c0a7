DELETE FROM tokens WHERE user_id = $1 AND purpose = $2
