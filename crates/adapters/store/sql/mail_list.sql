SELECT {mail m} FROM mails m WHERE (m.state = $1 OR $1 = '') ORDER BY m.id DESC LIMIT $2 OFFSET $3
