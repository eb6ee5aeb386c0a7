UPDATE search_index SET version = $1 WHERE version < $1
