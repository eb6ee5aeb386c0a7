UPDATE destinations SET sealed_options = $3 WHERE id = $1 AND sealed_options = $2
