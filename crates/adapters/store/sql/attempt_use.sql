INSERT INTO attempt_marks (name, until)
VALUES ($1, $2)
ON CONFLICT (name) DO NOTHING
