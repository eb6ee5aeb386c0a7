-- The queries that the widgets of a dashboard show, each once.
SELECT {listing q}, {user m}
FROM queries q
JOIN users u ON u.id = q.owner_id
LEFT JOIN users m ON m.id = q.modified_by
LEFT JOIN query_favorites f ON f.query_id = q.id AND f.user_id IS NULL
LEFT JOIN results r ON r.id = q.latest_result
LEFT JOIN keys k ON k.id = {query_key q}
WHERE
    q.id IN (
        SELECT v.query_id
        FROM widgets w
        JOIN visualizations v ON v.id = w.visualization_id
        WHERE w.dashboard_id = $1
    )
