UPDATE jobs
SET state = 'cancelled', finished_at = $2, lease_node = NULL, lease_until = NULL
WHERE uid = $1 AND state IN ('queued', 'running')
