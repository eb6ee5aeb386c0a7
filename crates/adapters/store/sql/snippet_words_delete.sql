DELETE FROM snippet_words WHERE rowid = $1
