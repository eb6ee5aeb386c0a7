INSERT INTO snippets (uid, trigger, description, text, owner_id, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id
