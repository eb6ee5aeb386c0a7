UPDATE once_records SET answer = $3, bytes = $4 WHERE name = $1 AND began = $2
