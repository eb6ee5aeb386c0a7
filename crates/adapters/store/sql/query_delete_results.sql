-- Results that only this query has: no other one has its text on its data source.
DELETE FROM results
WHERE
    template_digest = (SELECT q.template_digest FROM queries q WHERE q.id = $1)
    AND NOT EXISTS (
        SELECT 1
        FROM queries o
        WHERE
            o.id <> $1
            AND (o.template_digest = results.template_digest OR o.latest_result = results.id)
    )
RETURNING uid
