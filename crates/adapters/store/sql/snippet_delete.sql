DELETE FROM snippets WHERE id = $1
