SELECT COUNT(*) FROM alert_deliveries WHERE destination_id = $1
