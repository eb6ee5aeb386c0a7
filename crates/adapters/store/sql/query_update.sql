-- While text and data source stay, the latest result is the one stored last, whatever was read
-- before; a result that was removed meanwhile is not named again.
UPDATE queries
SET
    latest_result = CASE
        WHEN template_digest = $9 AND latest_result IS NOT NULL THEN latest_result
        ELSE (SELECT r.id FROM results r WHERE r.id = $20)
    END,
    uid = $3, name = $4, name_key = $5, description = $6, text = $7, hash = $8,
    template_digest = $9, source_id = $10, owner_id = $11, modified_by = $12, options = $13,
    schedule = $14, schedule_interval = $15, tags = $16, is_draft = $17, is_archived = $18,
    version = $19, created_at = $21, updated_at = $22
WHERE id = $1 AND version = $2
