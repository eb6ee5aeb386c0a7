DELETE FROM activities WHERE at < $1
