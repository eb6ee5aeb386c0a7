INSERT INTO mails (
    uid, deduplication, kind, recipients, sealed, state, attempts, next_at, error, created_at, ended_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (deduplication) DO NOTHING
