INSERT INTO visualizations (
    uid, query_id, kind, name, described, description, options, created_at, updated_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING id
