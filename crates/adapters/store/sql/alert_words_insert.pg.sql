-- Weights belong to positions, so every word gets one: 1A in the name, 2B in the description, 3C in
-- the text. Words are letters and digits only, so quotes around them are enough.
INSERT INTO alert_words (alert_id, words)
SELECT $1, CAST(COALESCE(string_agg('''' || word || ''':' || place, ' '), '') AS TSVECTOR)
FROM (
    SELECT '1A' AS place, unnest(string_to_array($2, ' ')) AS word
    UNION ALL
    SELECT '2B', unnest(string_to_array($3, ' '))
    UNION ALL
    SELECT '3C', unnest(string_to_array($4, ' '))
) AS found
