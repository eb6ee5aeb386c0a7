UPDATE mails
SET attempts = attempts + 1, next_at = $2
WHERE
    id = (
        SELECT m.id
        FROM mails m
        WHERE m.state = 'queued' AND m.next_at <= $1
        ORDER BY m.next_at, m.id
        LIMIT 1
    )
RETURNING {mail mails}
