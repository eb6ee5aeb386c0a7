SELECT setval(CAST(pg_get_serial_sequence($1, 'id') AS REGCLASS), CAST($2 AS BIGINT))
WHERE
    COALESCE(
        pg_sequence_last_value(CAST(pg_get_serial_sequence($1, 'id') AS REGCLASS)), 0
    ) < CAST($2 AS BIGINT)
