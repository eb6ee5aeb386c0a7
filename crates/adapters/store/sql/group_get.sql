SELECT {group g} FROM groups g WHERE g.id = $1
