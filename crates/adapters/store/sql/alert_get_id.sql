SELECT id FROM alerts WHERE uid = $1
