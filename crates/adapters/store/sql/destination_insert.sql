INSERT INTO destinations (uid, name, kind, options, sealed_options, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id
