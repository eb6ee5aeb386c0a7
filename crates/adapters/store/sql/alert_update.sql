UPDATE alerts
SET
    name = $3, query_id = $4, options = $5, parameters = $6, rearm = $7, state = $8,
    last_triggered_at = $9, version = $10, updated_at = $11
WHERE id = $1 AND version = $2
