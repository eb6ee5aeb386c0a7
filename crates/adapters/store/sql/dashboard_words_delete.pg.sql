DELETE FROM dashboard_words WHERE dashboard_id = $1
