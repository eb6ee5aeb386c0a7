INSERT INTO dashboards (
    uid, slug, name, name_key, owner_id, layout, filters_enabled, options, tags, is_draft,
    is_archived, version, created_at, updated_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
RETURNING id
