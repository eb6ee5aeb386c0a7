SELECT tables, read_at FROM source_schemas WHERE source_id = $1
