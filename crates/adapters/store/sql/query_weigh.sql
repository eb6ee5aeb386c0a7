SELECT
    (SELECT COUNT(*) FROM visualizations v WHERE v.query_id = q.id),
    (
        SELECT COUNT(*)
        FROM widgets w
        JOIN visualizations v ON v.id = w.visualization_id
        WHERE v.query_id = q.id
    ),
    (SELECT COUNT(*) FROM alerts a WHERE a.query_id = q.id),
    (SELECT COUNT(*) FROM keys k WHERE k.query_id = q.id),
    (
        SELECT COUNT(*)
        FROM results r
        WHERE
            r.template_digest = q.template_digest
            AND NOT EXISTS (
                SELECT 1
                FROM queries o
                WHERE
                    o.id <> q.id
                    AND (o.template_digest = r.template_digest OR o.latest_result = r.id)
            )
    ),
    (SELECT COUNT(*) FROM changes c WHERE c.object_kind = 'queries' AND c.object_id = q.id)
FROM queries q
WHERE q.id = $1
