SELECT id FROM alert_subscriptions WHERE uid = $1
