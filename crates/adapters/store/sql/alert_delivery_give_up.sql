UPDATE alert_deliveries
SET
    state = 'failed', answer = 'the destination was deleted', finished_at = $2, lease_node = NULL,
    lease_until = NULL
WHERE destination_id = $1 AND state = 'pending'
