-- The only writer needs no lock.
SELECT 1
