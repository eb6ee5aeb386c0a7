DELETE FROM alert_words WHERE alert_id = $1
