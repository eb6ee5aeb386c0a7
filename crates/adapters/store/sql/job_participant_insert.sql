INSERT INTO job_participants (job_id, label) VALUES ($1, $2) ON CONFLICT DO NOTHING
