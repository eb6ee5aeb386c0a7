UPDATE visualizations
SET
    uid = $2, query_id = $3, kind = $4, name = $5, description = $6, options = $7, created_at = $8,
    updated_at = $9
WHERE id = $1
