-- Alerts on the query of the job, and on those whose latest result this is.
INSERT INTO alert_evaluations (
    alert_id, result_id, job_uid, asked_at, query_id, participant, is_scheduled, attempts
)
SELECT
    a.id,
    CAST($2 AS BIGINT),
    j.uid,
    j.created_at,
    j.query_id,
    (SELECT MIN(p.label) FROM job_participants p WHERE p.job_id = j.id),
    CAST($3 AS BIGINT),
    0
FROM alerts a
JOIN queries q ON q.id = a.query_id
JOIN jobs j ON j.id = CAST($1 AS BIGINT)
WHERE (q.id = j.query_id OR q.latest_result = CAST($2 AS BIGINT)) AND q.is_archived = 0
ORDER BY a.id
ON CONFLICT (alert_id, job_uid) DO NOTHING
