SELECT {result r} FROM results r WHERE r.id = $1
