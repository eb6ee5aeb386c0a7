-- Two jobs that want places of the same key wait for each other.
SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended(CAST($1 AS TEXT), 7))) locked
