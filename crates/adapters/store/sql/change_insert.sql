INSERT INTO changes (object_kind, object_id, version, user_id, changes, changed_at)
VALUES ($1, $2, $3, $4, $5, $6)
