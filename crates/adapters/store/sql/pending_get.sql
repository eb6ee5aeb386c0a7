SELECT {pending p} FROM pending_signins p WHERE p.digest = $1
