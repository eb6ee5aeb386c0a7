UPDATE alert_deliveries
SET
    state = $3, answer = $4, next_at = $5, finished_at = $6, lease_node = NULL, lease_until = NULL
WHERE uid = $1 AND lease_node = $2 AND state = 'pending'
