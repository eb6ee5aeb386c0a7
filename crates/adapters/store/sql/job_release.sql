UPDATE jobs
SET state = 'queued', lease_node = NULL, lease_until = NULL
WHERE state = 'running' AND lease_node = $1
