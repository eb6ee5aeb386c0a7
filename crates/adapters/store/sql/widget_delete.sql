DELETE FROM widgets WHERE id = $1
