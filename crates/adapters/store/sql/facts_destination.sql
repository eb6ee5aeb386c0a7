SELECT id FROM destinations WHERE id = $1
