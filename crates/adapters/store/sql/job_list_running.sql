SELECT {job j}, j.lease_node, j.scheduled
FROM jobs j
WHERE j.state = 'running'
ORDER BY j.started_at, j.id
LIMIT $1
