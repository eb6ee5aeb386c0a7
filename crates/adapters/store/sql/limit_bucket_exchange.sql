INSERT INTO limit_buckets (bucket, state, since, added)
SELECT
    value ->> 0,
    MAX((value ->> 1) + (value ->> 2), value ->> 3),
    value ->> 1,
    value ->> 2
FROM json_each($1)
WHERE true
ON CONFLICT (bucket) DO UPDATE SET
    state = MAX(MAX(limit_buckets.state, excluded.since) + excluded.added, excluded.state),
    since = excluded.since,
    added = excluded.added
RETURNING bucket, state
