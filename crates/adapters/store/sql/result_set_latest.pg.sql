-- Rows are locked in order, so that two jobs that end at the same time do not lock each other out.
UPDATE queries
SET latest_result = $1
WHERE
    id IN (
        SELECT q.id
        FROM queries q
        WHERE q.source_id = $2 AND substr(q.text, 1, 200) = substr($3, 1, 200) AND q.text = $3
        ORDER BY q.id
        FOR UPDATE
    )
