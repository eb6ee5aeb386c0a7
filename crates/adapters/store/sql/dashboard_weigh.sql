SELECT
    CAST(0 AS BIGINT),
    (SELECT COUNT(*) FROM widgets w WHERE w.dashboard_id = d.id),
    CAST(0 AS BIGINT),
    (SELECT COUNT(*) FROM keys k WHERE k.dashboard_id = d.id),
    CAST(0 AS BIGINT),
    (SELECT COUNT(*) FROM changes c WHERE c.object_kind = 'dashboards' AND c.object_id = d.id)
FROM dashboards d
WHERE d.id = $1
