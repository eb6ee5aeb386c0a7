DELETE FROM query_words WHERE rowid = $1
