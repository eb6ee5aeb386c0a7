UPDATE pending_signins SET attempts = attempts + 1 WHERE digest = $1 AND attempts < $2
