SELECT {result r} FROM results r WHERE r.uid = $1
