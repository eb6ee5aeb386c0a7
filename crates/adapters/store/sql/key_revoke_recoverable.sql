UPDATE keys
SET revoked_at = $4
WHERE
    (user_id = $1 OR query_id = $2 OR dashboard_id = $3)
    AND kind = $5
    AND sealed IS NOT NULL
    AND revoked_at IS NULL
