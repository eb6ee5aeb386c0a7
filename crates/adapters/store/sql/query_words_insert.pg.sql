INSERT INTO query_words (query_id, words)
VALUES (
    $1,
    setweight(array_to_tsvector(string_to_array($2, ' ')), 'A')
    || setweight(array_to_tsvector(string_to_array($3, ' ')), 'B')
    || setweight(array_to_tsvector(string_to_array($4, ' ')), 'C')
)
