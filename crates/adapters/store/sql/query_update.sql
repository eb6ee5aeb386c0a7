-- While text and data source stay, the latest result is the one stored last, whatever was read
-- before; a result that was removed meanwhile is not named again.
UPDATE queries
SET
    latest_result = CASE
        WHEN text = $7 AND COALESCE(source_id, 0) = COALESCE(CAST($9 AS BIGINT), 0)
            THEN latest_result
        ELSE (SELECT r.id FROM results r WHERE r.id = $19)
    END,
    uid = $3, name = $4, name_key = $5, description = $6, text = $7, hash = $8, source_id = $9,
    owner_id = $10, modified_by = $11, options = $12, schedule = $13, schedule_interval = $14,
    tags = $15, is_draft = $16, is_archived = $17, version = $18, created_at = $20,
    updated_at = $21
WHERE id = $1 AND version = $2
