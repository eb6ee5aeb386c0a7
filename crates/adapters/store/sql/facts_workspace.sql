SELECT w.id FROM workspaces w WHERE w.id = $1
