INSERT INTO snippet_words (snippet_words) VALUES ('delete-all')
