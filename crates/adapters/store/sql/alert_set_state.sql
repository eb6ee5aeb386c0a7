UPDATE alerts
SET state = $3, last_triggered_at = $4, updated_at = $4, version = version + 1
WHERE id = $1 AND version = $2
