-- The version stays: who edits the query meanwhile is not disturbed.
UPDATE queries SET schedule = NULL, schedule_interval = NULL WHERE id = $1
