SELECT body, pepper, began, answer FROM once_records WHERE name = $1
