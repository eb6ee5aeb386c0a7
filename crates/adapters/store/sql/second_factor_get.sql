SELECT {second_factor f} FROM second_factors f WHERE f.user_id = $1
