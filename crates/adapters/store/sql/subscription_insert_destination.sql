-- The update changes nothing; it makes one that is there come back.
INSERT INTO alert_subscriptions (uid, alert_id, user_id, destination_id, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (alert_id, destination_id) WHERE destination_id IS NOT NULL
DO UPDATE SET alert_id = excluded.alert_id
RETURNING id
