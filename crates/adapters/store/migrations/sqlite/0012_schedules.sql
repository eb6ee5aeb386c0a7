-- Schedules of queries: where each stands, and the log of its runs.

-- revision counts the changes of the row. wake_at: when the scheduler looks at it; 0 at once, NULL
-- never. due_at: the moment that is due next, as far as it was found out. job_uid: the job of the
-- run that goes on. result_id: the latest result of its own runs.
CREATE TABLE query_schedules (
    query_id BIGINT PRIMARY KEY REFERENCES queries (id) ON DELETE CASCADE,
    revision BIGINT NOT NULL,
    schedule TEXT,
    set_at BIGINT NOT NULL,
    due_at BIGINT,
    wake_at BIGINT,
    last_due_at BIGINT,
    job_uid TEXT,
    result_id BIGINT,
    failures BIGINT NOT NULL,
    blocked_reason TEXT,
    blocked_detail TEXT,
    blocked_since BIGINT
);
CREATE INDEX query_schedules_wake ON query_schedules (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX query_schedules_by_job ON query_schedules (job_uid) WHERE job_uid IS NOT NULL;

-- A moment of a query is run once at the most. failures: how many had failed in a row, with this
-- one. report_lease: until when somebody is telling the owner of it.
CREATE TABLE schedule_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    query_id BIGINT NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
    due_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    job_uid TEXT,
    state TEXT NOT NULL,
    finished_at BIGINT,
    error_code TEXT,
    error_detail TEXT,
    result_id BIGINT,
    failures BIGINT NOT NULL,
    report_lease BIGINT,
    reported_at BIGINT,
    UNIQUE (query_id, due_at)
);
CREATE INDEX schedule_runs_by_job ON schedule_runs (job_uid);
CREATE INDEX schedule_runs_by_end ON schedule_runs (finished_at);
CREATE INDEX schedule_runs_to_report ON schedule_runs (finished_at)
WHERE state = 'failed' AND reported_at IS NULL;

-- scheduled: whether a schedule waits for the job. priority: 0 if people wait for it, else 1.
ALTER TABLE jobs ADD COLUMN scheduled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
DROP INDEX jobs_queued;
CREATE INDEX jobs_queued ON jobs (priority, created_at, id) WHERE state = 'queued';

INSERT INTO query_schedules (query_id, revision, schedule, set_at, wake_at, failures)
SELECT q.id, 1, q.schedule, q.updated_at, 0, 0
FROM queries q
WHERE q.schedule IS NOT NULL AND q.is_archived = 0;
