-- Limits: buckets that nodes share, and places among the queries that a key may run at once.

-- Moments and spans in nanoseconds, moments since 1970. A state is the moment at which all that was
-- used is paid off; since and added are the last report, which the exchange computes with.
CREATE TABLE limit_buckets (
    bucket TEXT PRIMARY KEY,
    state BIGINT NOT NULL,
    since BIGINT NOT NULL,
    added BIGINT NOT NULL
);
CREATE INDEX limit_buckets_by_state ON limit_buckets (state);

CREATE TABLE job_slots (
    bucket TEXT NOT NULL,
    job_id BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    PRIMARY KEY (bucket, job_id)
);
CREATE INDEX job_slots_by_job ON job_slots (job_id);
