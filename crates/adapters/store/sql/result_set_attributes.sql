UPDATE results SET attributes = $2 WHERE id = $1
