SELECT {key k}, {user u}, a.changed_at, a.changed_by
FROM key_accounts a
JOIN users u ON u.id = a.user_id
JOIN keys k ON k.user_id = a.user_id
WHERE k.revoked_at IS NULL
ORDER BY u.name_key, k.id
