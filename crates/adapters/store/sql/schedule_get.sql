SELECT {schedule s} FROM query_schedules s WHERE s.query_id = $1
