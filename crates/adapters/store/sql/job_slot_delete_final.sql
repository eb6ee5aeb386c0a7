-- Jobs that are final give their places back.
DELETE FROM job_slots
WHERE
    bucket = $1
    AND job_id NOT IN (SELECT j.id FROM jobs j WHERE j.state IN ('queued', 'running'))
