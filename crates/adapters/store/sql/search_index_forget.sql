UPDATE search_index SET version = 0
