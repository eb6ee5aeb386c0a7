UPDATE keys
SET revoked_at = $5
WHERE
    (user_id = $1 OR query_id = $2 OR dashboard_id = $3 OR workspace_id = $4)
    AND revoked_at IS NULL
