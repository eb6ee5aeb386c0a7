UPDATE second_factors SET sealed = $3 WHERE user_id = $1 AND sealed = $2
