INSERT INTO dashboard_words (dashboard_words) VALUES ('delete-all')
