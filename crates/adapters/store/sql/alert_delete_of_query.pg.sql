-- Rows are locked in order, as everybody does who needs several of them.
DELETE FROM alerts
WHERE id IN (SELECT a.id FROM alerts a WHERE a.query_id = $1 ORDER BY a.id FOR UPDATE)
