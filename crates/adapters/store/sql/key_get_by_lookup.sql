SELECT {key k} FROM keys k WHERE k.lookup = $1
