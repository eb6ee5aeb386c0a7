INSERT INTO attempt_marks (name, until)
VALUES ($1, CAST($2 AS BIGINT) + CAST($3 AS BIGINT))
ON CONFLICT (name) DO UPDATE
SET until = GREATEST(attempt_marks.until, CAST($2 AS BIGINT)) + CAST($3 AS BIGINT)
WHERE
    GREATEST(attempt_marks.until, CAST($2 AS BIGINT)) + CAST($3 AS BIGINT)
    <= CAST($2 AS BIGINT) + CAST($4 AS BIGINT)
RETURNING until
