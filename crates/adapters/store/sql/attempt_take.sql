INSERT INTO attempts (name, until)
VALUES ($1, $2 + $3)
ON CONFLICT (name) DO UPDATE SET until = MAX(attempts.until, $2) + $3
WHERE MAX(attempts.until, $2) + $3 <= $2 + $4
RETURNING until
