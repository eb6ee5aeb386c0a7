SELECT COALESCE(k.user_id, k.created_by) FROM keys k WHERE k.id = $1
