UPDATE once_records SET answer = $3 WHERE id = $1 AND answer = $2
