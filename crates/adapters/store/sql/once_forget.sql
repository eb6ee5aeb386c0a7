DELETE FROM once_records WHERE name = $1 AND began = $2 AND answer IS NULL
