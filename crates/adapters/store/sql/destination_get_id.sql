SELECT id FROM destinations WHERE uid = $1
