SELECT {destination d} FROM destinations d ORDER BY d.id
