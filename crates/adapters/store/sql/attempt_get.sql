SELECT until FROM attempt_marks WHERE name = $1
