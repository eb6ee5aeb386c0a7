DELETE FROM pending_signins WHERE expires_at < $1
