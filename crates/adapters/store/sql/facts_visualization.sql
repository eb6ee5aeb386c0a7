SELECT
    q.id,
    q.owner_id,
    q.source_id,
    (
        SELECT string_agg(CAST(e.user_id AS TEXT), ',' ORDER BY e.user_id)
        FROM query_editors e
        WHERE e.query_id = q.id
    )
FROM visualizations v
JOIN queries q ON q.id = v.query_id
WHERE v.id = $1
