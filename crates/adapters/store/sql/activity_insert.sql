INSERT INTO activities (
    at, user_id, actor, action, object_kind, object, address, client, detail
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
