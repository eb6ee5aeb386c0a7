DELETE FROM tokens WHERE digest = $1
