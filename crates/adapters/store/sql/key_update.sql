UPDATE keys SET name = $2, terms = $3, approval = $4, widening = $5 WHERE id = $1
