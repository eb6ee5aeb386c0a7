SELECT j.source_id, j.query_id, p.label
FROM jobs j
LEFT JOIN job_participants p ON p.job_id = j.id
WHERE j.uid = $1
ORDER BY p.label
