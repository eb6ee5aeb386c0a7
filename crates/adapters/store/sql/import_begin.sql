INSERT INTO imports (origin, kind, old_id, new_id, digest, imported_at)
VALUES ($1, $2, $3, 0, '', $4)
ON CONFLICT (origin, kind, old_id) DO NOTHING
