DELETE FROM keys WHERE revoked_at < $1
