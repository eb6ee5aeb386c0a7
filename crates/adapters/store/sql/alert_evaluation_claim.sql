UPDATE alert_evaluations
SET lease_node = $1, lease_until = $3, attempts = attempts + 1
WHERE
    id = (
        SELECT e.id
        FROM alert_evaluations e
        WHERE
            (e.lease_until IS NULL OR e.lease_until < $2)
            AND NOT EXISTS (
                SELECT 1 FROM alert_evaluations o WHERE o.alert_id = e.alert_id AND o.id < e.id
            )
        ORDER BY e.id
        LIMIT 1
    )
RETURNING
    id, alert_id, result_id, job_uid, asked_at, query_id, participant, is_scheduled, attempts
