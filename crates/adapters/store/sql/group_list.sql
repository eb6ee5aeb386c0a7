SELECT {group g} FROM groups g ORDER BY g.id
