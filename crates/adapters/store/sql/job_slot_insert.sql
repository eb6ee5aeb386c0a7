INSERT INTO job_slots (job_id, bucket) VALUES ($1, $2) ON CONFLICT DO NOTHING
