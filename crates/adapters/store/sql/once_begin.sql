INSERT INTO once_records (name, caller, body, pepper, began, until, bytes)
VALUES ($1, $2, $3, $4, $5, $6, 0)
ON CONFLICT (name) DO UPDATE SET
    caller = excluded.caller,
    body = excluded.body,
    pepper = excluded.pepper,
    began = excluded.began,
    until = excluded.until,
    bytes = 0,
    answer = NULL
WHERE once_records.until <= excluded.began
