INSERT INTO attempt_marks (name, until)
VALUES ($1, $2 + $3)
ON CONFLICT (name) DO UPDATE SET until = MAX(attempt_marks.until, $2) + $3
WHERE MAX(attempt_marks.until, $2) + $3 <= $2 + $4
RETURNING until
