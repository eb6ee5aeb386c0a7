DELETE FROM dashboard_words
