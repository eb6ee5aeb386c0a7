SELECT {job j} FROM jobs j WHERE j.uid = $1
