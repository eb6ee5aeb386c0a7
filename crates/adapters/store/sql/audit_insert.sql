INSERT INTO audit (seq, at, actor, action, object, detail, address, prev_hash, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
