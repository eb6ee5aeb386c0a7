UPDATE keys SET warned_days = $2 WHERE id = $1 AND (warned_days IS NULL OR warned_days > $2)
