UPDATE jobs
SET
    state = 'running', started_at = $3, attempts = attempts + 1, lease_node = $2, lease_until = $4
WHERE uid = $1 AND state = 'queued'
RETURNING {job jobs}
