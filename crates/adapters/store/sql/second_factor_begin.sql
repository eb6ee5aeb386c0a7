INSERT INTO second_factors (user_id, sealed, last_step, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE
SET sealed = excluded.sealed, last_step = excluded.last_step, created_at = excluded.created_at
WHERE second_factors.confirmed_at IS NULL
