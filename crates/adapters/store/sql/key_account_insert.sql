INSERT INTO key_accounts (user_id, changed_at, changed_by) VALUES ($1, $2, $3)
