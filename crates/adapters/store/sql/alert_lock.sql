SELECT version FROM alerts WHERE id = $1
