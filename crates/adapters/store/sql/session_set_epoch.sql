UPDATE sessions SET epoch = $2 WHERE digest = $1
