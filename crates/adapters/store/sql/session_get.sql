SELECT {session s} FROM sessions s WHERE s.digest = $1
