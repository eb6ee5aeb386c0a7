DELETE FROM alert_evaluations WHERE id = $1 AND lease_node = $2
