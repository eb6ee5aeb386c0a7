INSERT INTO groups (uid, name, builtin, permissions, created_at)
VALUES ($1, $2, $3, $4, $5)
RETURNING id
