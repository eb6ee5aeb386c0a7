SELECT {result r} FROM results r JOIN queries q ON q.latest_result = r.id WHERE q.id = $1
