SELECT f.user_id, 'second_factor:' || CAST(f.user_id AS TEXT), f.sealed
FROM second_factors f
WHERE f.user_id > $1
ORDER BY f.user_id
LIMIT $2
