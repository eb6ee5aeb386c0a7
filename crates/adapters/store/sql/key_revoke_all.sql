UPDATE keys SET revoked_at = $2, revoked_by = $3 WHERE id IN {ids $1} AND revoked_at IS NULL
