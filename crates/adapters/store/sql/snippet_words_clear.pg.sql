DELETE FROM snippet_words
