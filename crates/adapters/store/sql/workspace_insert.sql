INSERT INTO workspaces (uid, name, created_at) VALUES ($1, $2, $3) RETURNING id
