SELECT
    COUNT(CASE WHEN state = 'queued' THEN 1 END),
    COUNT(CASE WHEN state = 'running' THEN 1 END)
FROM jobs
WHERE state IN ('queued', 'running') AND scheduled = 1
