SELECT COUNT(*) FROM mails WHERE (state = $1 OR $1 = '')
