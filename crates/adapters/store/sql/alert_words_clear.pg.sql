DELETE FROM alert_words
