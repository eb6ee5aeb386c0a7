SELECT {key k}, {user u}, a.changed_at, a.changed_by
FROM keys k
JOIN key_accounts a ON a.user_id = k.user_id
JOIN users u ON u.id = a.user_id
WHERE k.id = $1 AND k.revoked_at IS NULL
