SELECT old.kind, old.id
FROM (
    SELECT 'query' AS kind, q.id AS id, q.updated_at AS changed_at
    FROM queries q
    WHERE q.is_archived = 1 AND q.updated_at < $1
    UNION ALL
    SELECT 'dashboard', d.id, d.updated_at
    FROM dashboards d
    WHERE d.is_archived = 1 AND d.updated_at < $1
) old
ORDER BY old.changed_at, old.id
LIMIT $2
