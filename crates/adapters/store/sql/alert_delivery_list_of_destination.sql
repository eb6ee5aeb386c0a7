SELECT {delivery d}
FROM alert_deliveries d
WHERE d.destination_id = $1
ORDER BY d.id DESC
LIMIT $2 OFFSET $3
