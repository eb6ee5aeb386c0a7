DELETE FROM jobs WHERE finished_at < $1 AND state IN ('succeeded', 'failed', 'cancelled')
