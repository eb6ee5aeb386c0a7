INSERT INTO audit (at, actor, action, object, detail, address) VALUES ($1, $2, $3, $4, $5, $6)
