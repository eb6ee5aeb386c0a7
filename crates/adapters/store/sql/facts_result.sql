-- One row for each query whose text it is a result of, and one for each participant of the job that
-- it came from; at least one.
SELECT r.source_id, r.has_parameters, r.attributes, r.viewer, r.inputs, q.id, NULL, NULL
FROM results r
LEFT JOIN queries q ON q.template_digest = r.template_digest
WHERE r.id = $1
UNION ALL
SELECT r.source_id, r.has_parameters, r.attributes, r.viewer, r.inputs, NULL, j.query_id, p.label
FROM results r
JOIN jobs j ON j.result_id = r.id
LEFT JOIN job_participants p ON p.job_id = j.id
WHERE r.id = $1
