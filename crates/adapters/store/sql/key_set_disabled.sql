UPDATE keys SET disabled_at = $2, disabled_by = $3, enabled_at = $4 WHERE id = $1
