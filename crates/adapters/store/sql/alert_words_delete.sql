DELETE FROM alert_words WHERE rowid = $1
