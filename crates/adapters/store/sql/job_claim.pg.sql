-- Nodes that claim at the same time pass over each other's job.
UPDATE jobs
SET
    state = 'running', started_at = $2, attempts = attempts + 1, lease_node = $1, lease_until = $3
WHERE
    id = (
        SELECT j.id
        FROM jobs j
        WHERE j.state = 'queued' AND j.priority <= $4
        ORDER BY j.priority, j.created_at, j.id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
RETURNING {job jobs}
