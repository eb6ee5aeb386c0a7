SELECT MIN(COALESCE(e.lease_until, 0))
FROM alert_evaluations e
WHERE NOT EXISTS (
    SELECT 1 FROM alert_evaluations o WHERE o.alert_id = e.alert_id AND o.id < e.id
)
