SELECT s.user_id, q.id, q.source_id
FROM alert_subscriptions s
JOIN alerts a ON a.id = s.alert_id
JOIN queries q ON q.id = a.query_id
WHERE s.id = $1
