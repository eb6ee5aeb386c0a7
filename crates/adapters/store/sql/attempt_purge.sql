DELETE FROM attempts WHERE until < $1
