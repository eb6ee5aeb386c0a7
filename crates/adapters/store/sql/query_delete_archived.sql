DELETE FROM queries WHERE id = $1 AND is_archived = 1
