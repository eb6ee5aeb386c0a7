INSERT INTO alert_words (alert_words) VALUES ('delete-all')
