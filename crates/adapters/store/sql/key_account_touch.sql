UPDATE key_accounts SET changed_at = $2, changed_by = $3 WHERE user_id = $1
