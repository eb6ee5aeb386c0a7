UPDATE mails SET state = $2, error = $3, ended_at = $4, sealed = NULL WHERE uid = $1
