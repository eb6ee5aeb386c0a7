SELECT {workspace w} FROM workspaces w WHERE w.id = $1
