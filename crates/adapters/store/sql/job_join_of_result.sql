INSERT INTO job_participants (job_id, label)
SELECT j.id, $2 FROM jobs j WHERE j.result_id = $1
ON CONFLICT DO NOTHING
