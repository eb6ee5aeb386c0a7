SELECT
    d.id,
    d.owner_id,
    (
        SELECT string_agg(CAST(e.user_id AS TEXT), ',' ORDER BY e.user_id)
        FROM dashboard_editors e
        WHERE e.dashboard_id = d.id
    )
FROM dashboards d
WHERE d.id = $1
