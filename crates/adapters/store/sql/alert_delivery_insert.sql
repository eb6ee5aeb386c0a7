INSERT INTO alert_deliveries (
    uid, alert_id, destination_id, user_id, state, attempts, next_at, notice, created_at,
    evaluation, receiver
)
SELECT
    CAST($1 AS TEXT),
    CAST($2 AS BIGINT),
    CAST($3 AS BIGINT),
    CAST($4 AS BIGINT),
    'pending',
    0,
    CAST($5 AS BIGINT),
    CAST($6 AS TEXT),
    CAST($5 AS BIGINT),
    CAST($7 AS TEXT),
    CAST($8 AS TEXT)
WHERE
    CAST($3 AS BIGINT) IS NULL
    OR EXISTS (SELECT 1 FROM destinations d WHERE d.id = CAST($3 AS BIGINT))
