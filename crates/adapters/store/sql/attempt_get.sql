SELECT until FROM attempts WHERE name = $1
