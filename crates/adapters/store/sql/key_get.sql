SELECT {key k} FROM keys k WHERE k.id = $1
