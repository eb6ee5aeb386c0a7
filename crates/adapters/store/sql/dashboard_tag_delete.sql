DELETE FROM dashboard_tags WHERE dashboard_id = $1
