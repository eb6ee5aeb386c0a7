INSERT INTO alert_words (rowid, name, description, text) VALUES ($1, $2, $3, $4)
