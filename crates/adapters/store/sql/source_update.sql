UPDATE sources
SET
    uid = $2, name = $3, name_key = $4, kind = $5, options = $6, sealed_options = $7, version = $8,
    paused = $9, pause_reason = $10, created_at = $11, updated_at = $12
WHERE id = $1
