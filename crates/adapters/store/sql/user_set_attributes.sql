UPDATE users SET attributes = $2 WHERE id = $1
