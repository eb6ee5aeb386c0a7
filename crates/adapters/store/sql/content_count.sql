SELECT
    (SELECT COUNT(*) FROM results),
    (SELECT CAST(COALESCE(SUM(r.byte_count), 0) AS BIGINT) FROM results r),
    (
        SELECT COUNT(*)
        FROM results r
        WHERE
            r.retrieved_at < $1
            AND NOT EXISTS (SELECT 1 FROM queries q WHERE q.latest_result = r.id)
    ),
    (SELECT COUNT(*) FROM widgets)
