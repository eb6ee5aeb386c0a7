SELECT
    d.name,
    COALESCE(
        (
            SELECT string_agg(w.text, ' ' ORDER BY w.id)
            FROM widgets w
            WHERE w.dashboard_id = d.id AND w.visualization_id IS NULL
        ),
        ''
    )
FROM dashboards d
WHERE d.id = $1
