DELETE FROM dashboard_editors WHERE dashboard_id = $1 AND user_id = $2
