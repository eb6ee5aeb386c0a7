UPDATE second_factors SET confirmed_at = $3, last_step = $4
WHERE user_id = $1 AND sealed = $2 AND confirmed_at IS NULL
