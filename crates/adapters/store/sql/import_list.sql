SELECT i.origin, i.kind, i.old_id, i.new_id, i.digest, i.imported_at
FROM imports i
WHERE i.origin = $1
ORDER BY i.kind, i.old_id
