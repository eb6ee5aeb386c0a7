DELETE FROM destinations WHERE id = $1
