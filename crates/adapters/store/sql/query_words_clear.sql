INSERT INTO query_words (query_words) VALUES ('delete-all')
