DELETE FROM alert_deliveries
WHERE finished_at < $1 AND state IN ('delivered', 'failed')
