SELECT {subscription s}, {user u}, {destination d}
FROM alert_subscriptions s
JOIN users u ON u.id = s.user_id
LEFT JOIN destinations d ON d.id = s.destination_id
WHERE s.id = $1
