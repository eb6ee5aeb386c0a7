SELECT COUNT(*) FROM mails WHERE state = 'failed' AND ended_at >= $1
