SELECT {query q} FROM queries q WHERE q.id = $1
