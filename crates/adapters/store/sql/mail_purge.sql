DELETE FROM mails WHERE ended_at < $1
