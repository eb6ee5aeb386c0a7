DELETE FROM pending_signins WHERE digest = $1
