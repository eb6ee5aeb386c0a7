UPDATE keys SET revoked_at = NULL, revoked_by = NULL WHERE id = $1
