SELECT at, actor, action, object, detail, address FROM audit ORDER BY id DESC LIMIT $1
