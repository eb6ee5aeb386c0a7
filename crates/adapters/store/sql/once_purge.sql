DELETE FROM once_records
WHERE id IN (
    SELECT r.id
    FROM (
        SELECT
            o.id,
            o.until,
            ROW_NUMBER() OVER (PARTITION BY o.caller ORDER BY o.began DESC, o.id DESC) AS place,
            SUM(o.bytes) OVER (ORDER BY o.began DESC, o.id DESC) AS together
        FROM once_records o
    ) r
    WHERE
        r.until <= $1
        OR r.place > CAST($2 AS BIGINT)
        OR r.together > CAST($3 AS BIGINT)
)
