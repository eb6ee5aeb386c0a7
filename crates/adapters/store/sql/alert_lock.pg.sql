-- Who changes or deletes the alert at the same time waits.
SELECT version FROM alerts WHERE id = $1 FOR NO KEY UPDATE
