SELECT {widget w} FROM widgets w WHERE w.id = $1
