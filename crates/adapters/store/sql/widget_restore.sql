INSERT INTO widgets (
    id, uid, dashboard_id, visualization_id, text, width, options, created_at, updated_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
