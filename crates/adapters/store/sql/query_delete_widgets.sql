DELETE FROM widgets
WHERE visualization_id IN (SELECT v.id FROM visualizations v WHERE v.query_id = $1)
