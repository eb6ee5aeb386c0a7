UPDATE widgets
SET
    uid = $2, dashboard_id = $3, visualization_id = $4, text = $5, width = $6, options = $7,
    created_at = $8, updated_at = $9
WHERE id = $1
