DELETE FROM audit_unchained WHERE id <= $1
