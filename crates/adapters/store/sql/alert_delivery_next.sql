SELECT MIN(COALESCE(d.lease_until, d.next_at))
FROM alert_deliveries d
WHERE
    d.state = 'pending'
    AND NOT EXISTS (
        SELECT 1
        FROM alert_deliveries o
        WHERE
            o.state = 'pending'
            AND o.alert_id = d.alert_id
            AND o.receiver = d.receiver
            AND o.id < d.id
    )
