UPDATE dashboards
SET
    uid = $3, slug = $4, name = $5, name_key = $6, owner_id = $7, layout = $8, filters_enabled = $9,
    options = $10, tags = $11, is_draft = $12, is_archived = $13, version = $14, created_at = $15,
    updated_at = $16
WHERE id = $1 AND version = $2
