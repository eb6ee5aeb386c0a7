SELECT user_id FROM dashboard_editors WHERE dashboard_id = $1 ORDER BY user_id
