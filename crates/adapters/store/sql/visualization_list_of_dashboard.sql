-- All visualizations of the queries that the widgets of a dashboard show.
SELECT {visualization v}
FROM visualizations v
WHERE
    v.query_id IN (
        SELECT s.query_id
        FROM widgets w
        JOIN visualizations s ON s.id = w.visualization_id
        WHERE w.dashboard_id = $1
    )
ORDER BY v.id
