INSERT INTO queries (
    uid, name, name_key, description, text, hash, template_digest, source_id, owner_id, modified_by,
    options, schedule, schedule_interval, tags, is_draft, is_archived, version, latest_result,
    created_at, updated_at
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20
)
RETURNING id
