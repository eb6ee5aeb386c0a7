-- One row for each query whose text it is a result of; at least one.
SELECT r.source_id, q.id
FROM results r
LEFT JOIN queries q ON q.template_digest = r.template_digest
WHERE r.id = $1
