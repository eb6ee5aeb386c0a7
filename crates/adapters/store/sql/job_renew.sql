UPDATE jobs
SET lease_until = $2
WHERE lease_node = $1 AND state = 'running' AND uid IN {texts $3}
RETURNING uid
