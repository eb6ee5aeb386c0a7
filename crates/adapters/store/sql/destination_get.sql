SELECT {destination d} FROM destinations d WHERE d.id = $1
