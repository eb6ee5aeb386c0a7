INSERT INTO alerts (
    uid, name, query_id, owner_id, options, parameters, rearm, state, last_triggered_at, version,
    created_at, updated_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
RETURNING id
