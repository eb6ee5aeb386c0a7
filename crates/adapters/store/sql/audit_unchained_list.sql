SELECT id, at, actor, action, object, detail, address FROM audit_unchained ORDER BY id LIMIT $1
