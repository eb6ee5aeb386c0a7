SELECT 1
WHERE
    EXISTS (SELECT 1 FROM queries WHERE owner_id = $1)
    OR EXISTS (SELECT 1 FROM dashboards WHERE owner_id = $1)
    OR EXISTS (SELECT 1 FROM alerts WHERE owner_id = $1)
