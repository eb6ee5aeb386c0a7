INSERT INTO attempts (name, until)
VALUES ($1, $2)
ON CONFLICT (name) DO NOTHING
