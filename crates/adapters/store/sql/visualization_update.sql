UPDATE visualizations
SET
    uid = $2, query_id = $3, kind = $4, name = $5, described = $6, description = $7, options = $8,
    created_at = $9, updated_at = $10
WHERE id = $1
