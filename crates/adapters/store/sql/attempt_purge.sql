DELETE FROM attempt_marks WHERE until < $1
