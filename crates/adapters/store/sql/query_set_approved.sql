UPDATE queries SET approved_version = $2 WHERE id = $1
