SELECT {workspace w} FROM workspaces w ORDER BY w.id
