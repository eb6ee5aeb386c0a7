SELECT u.id FROM users u WHERE u.id = $1
