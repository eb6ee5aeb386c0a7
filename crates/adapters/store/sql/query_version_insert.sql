-- Nothing is kept where text, options and data source are those of the version kept last.
INSERT INTO query_versions (
    query_id, version, name, text, options, source_id, created_by, created_at
)
SELECT q.id, q.version, q.name, q.text, q.options, q.source_id, q.modified_by, q.updated_at
FROM queries q
WHERE
    q.id = $1
    AND NOT EXISTS (
        SELECT 1
        FROM query_versions v
        WHERE
            v.query_id = q.id
            AND v.version = (SELECT MAX(w.version) FROM query_versions w WHERE w.query_id = q.id)
            AND v.text = q.text
            AND v.options = q.options
            AND COALESCE(v.source_id, 0) = COALESCE(q.source_id, 0)
    )
