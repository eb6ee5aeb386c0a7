SELECT s.owner_id FROM snippets s WHERE s.id = $1
