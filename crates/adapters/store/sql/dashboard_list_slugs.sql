SELECT slug FROM dashboards WHERE slug = $1 OR slug LIKE $2 ESCAPE '\'
