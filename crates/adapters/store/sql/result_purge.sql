DELETE FROM results
WHERE
    id IN (
        SELECT r.id
        FROM results r
        WHERE
            r.retrieved_at < $1
            AND NOT EXISTS (SELECT 1 FROM queries q WHERE q.latest_result = r.id)
        ORDER BY r.retrieved_at, r.id
        LIMIT $2
    )
RETURNING {result results}
