INSERT INTO sources (
    uid, name, name_key, kind, options, sealed_options, version, paused, pause_reason, created_at,
    updated_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING id
