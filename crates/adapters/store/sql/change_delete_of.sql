DELETE FROM changes WHERE object_kind = $1 AND object_id = $2
