DELETE FROM snippet_words WHERE snippet_id = $1
