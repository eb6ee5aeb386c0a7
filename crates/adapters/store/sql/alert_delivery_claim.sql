UPDATE alert_deliveries
SET lease_node = $1, lease_until = $3, attempts = attempts + 1
WHERE
    id = (
        SELECT d.id
        FROM alert_deliveries d
        WHERE
            d.state = 'pending'
            AND d.next_at <= $2
            AND (d.lease_until IS NULL OR d.lease_until < $2)
            AND NOT EXISTS (
                SELECT 1
                FROM alert_deliveries o
                WHERE
                    o.state = 'pending'
                    AND o.alert_id = d.alert_id
                    AND o.receiver = d.receiver
                    AND o.id < d.id
            )
        ORDER BY d.next_at, d.id
        LIMIT 1
    )
RETURNING {delivery alert_deliveries}
