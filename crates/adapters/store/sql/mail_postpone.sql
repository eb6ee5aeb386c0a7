UPDATE mails SET next_at = $2, error = $3 WHERE uid = $1 AND state = 'queued'
