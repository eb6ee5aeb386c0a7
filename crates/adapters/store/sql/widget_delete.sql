DELETE FROM widgets WHERE id = $1 RETURNING dashboard_id
