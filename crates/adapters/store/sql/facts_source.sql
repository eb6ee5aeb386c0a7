SELECT s.id FROM sources s WHERE s.id = $1
