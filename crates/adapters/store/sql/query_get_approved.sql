SELECT q.approved_version FROM queries q WHERE q.id = $1
