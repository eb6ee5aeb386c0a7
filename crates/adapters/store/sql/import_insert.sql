INSERT INTO imports (origin, kind, old_id, new_id, digest, imported_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (origin, kind, old_id) DO UPDATE
SET new_id = excluded.new_id, digest = excluded.digest, imported_at = excluded.imported_at
