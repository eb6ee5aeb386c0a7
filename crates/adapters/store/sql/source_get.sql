SELECT {source s} FROM sources s WHERE s.id = $1
