DELETE FROM query_words
