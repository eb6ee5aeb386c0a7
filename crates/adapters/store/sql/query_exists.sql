SELECT 1 FROM queries WHERE id = $1
