DELETE FROM schedule_runs WHERE finished_at < $1
