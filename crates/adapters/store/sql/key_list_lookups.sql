SELECT id, lookup FROM keys WHERE id > $1 ORDER BY id
