SELECT {user u} FROM users u WHERE u.id IN {ids $1}
