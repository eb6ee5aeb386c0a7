SELECT COUNT(*) FROM alert_deliveries WHERE alert_id = $1
