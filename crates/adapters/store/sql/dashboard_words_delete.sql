DELETE FROM dashboard_words WHERE rowid = $1
