SELECT
    d.id,
    d.owner_id,
    (
        SELECT string_agg(CAST(e.user_id AS TEXT), ',' ORDER BY e.user_id)
        FROM dashboard_editors e
        WHERE e.dashboard_id = d.id
    ),
    q.id,
    q.source_id
FROM widgets w
JOIN dashboards d ON d.id = w.dashboard_id
LEFT JOIN visualizations v ON v.id = w.visualization_id
LEFT JOIN queries q ON q.id = v.query_id
WHERE w.id = $1
