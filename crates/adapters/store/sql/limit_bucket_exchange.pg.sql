-- In the order of the buckets, so that nodes do not lock each other out.
INSERT INTO limit_buckets (bucket, state, since, added)
SELECT r.bucket, GREATEST(r.since + r.added, r.state), r.since, r.added
FROM (
    SELECT
        value ->> 0 AS bucket,
        CAST(value ->> 1 AS BIGINT) AS since,
        CAST(value ->> 2 AS BIGINT) AS added,
        CAST(value ->> 3 AS BIGINT) AS state
    FROM json_array_elements(CAST(CAST($1 AS TEXT) AS JSON))
) r
ORDER BY r.bucket
ON CONFLICT (bucket) DO UPDATE SET
    state = GREATEST(GREATEST(limit_buckets.state, excluded.since) + excluded.added, excluded.state),
    since = excluded.since,
    added = excluded.added
RETURNING bucket, state
