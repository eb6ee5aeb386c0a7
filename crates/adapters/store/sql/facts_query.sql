SELECT
    q.id,
    q.owner_id,
    q.source_id,
    (
        SELECT string_agg(CAST(e.user_id AS TEXT), ',' ORDER BY e.user_id)
        FROM query_editors e
        WHERE e.query_id = q.id
    )
FROM queries q
WHERE q.id = $1
