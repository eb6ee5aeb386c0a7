SELECT {key k}
FROM keys k
WHERE
    (k.user_id = $1 OR k.query_id = $2 OR k.dashboard_id = $3 OR k.workspace_id = $4)
    AND k.revoked_at IS NULL
ORDER BY k.created_at, k.id
