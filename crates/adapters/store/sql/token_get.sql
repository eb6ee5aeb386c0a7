SELECT {token t} FROM tokens t WHERE t.digest = $1
