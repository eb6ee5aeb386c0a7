SELECT u.attributes FROM users u WHERE u.id = $1
