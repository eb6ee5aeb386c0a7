DELETE FROM sessions WHERE user_id = $1 AND digest <> $2
