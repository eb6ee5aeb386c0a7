DELETE FROM alert_subscriptions WHERE id = $1
