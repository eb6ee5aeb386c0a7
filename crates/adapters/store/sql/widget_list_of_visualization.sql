SELECT {widget w} FROM widgets w WHERE w.visualization_id = $1 ORDER BY w.id
