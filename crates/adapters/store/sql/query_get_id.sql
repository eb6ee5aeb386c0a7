SELECT id FROM queries WHERE uid = $1
