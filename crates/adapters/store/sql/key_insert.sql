INSERT INTO keys (
    uid, kind, user_id, query_id, dashboard_id, workspace_id, lookup, digest, pepper_version, sealed,
    name, hint, created_by, created_at, not_before, expires_at, disabled_at, revoked_at, last_used_at,
    terms, parent_id, predecessor_id, approval
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
    $23
)
RETURNING id
