SELECT id FROM snippets WHERE uid = $1
