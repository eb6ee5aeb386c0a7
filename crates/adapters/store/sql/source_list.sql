SELECT {source s} FROM sources s ORDER BY s.name_key, s.id
