UPDATE jobs
SET
    state = 'failed', finished_at = $1, error_code = $3, error_detail = $4, lease_node = NULL,
    lease_until = NULL
WHERE state = 'running' AND lease_until < $1 AND attempts >= $2
RETURNING uid, scheduled
