UPDATE keys
SET digest = $3, pepper_version = $4, lookup = $5, sealed = $6
WHERE id = $1 AND pepper_version = $2
