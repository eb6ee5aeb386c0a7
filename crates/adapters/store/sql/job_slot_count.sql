SELECT COUNT(*) FROM job_slots WHERE bucket = $1
