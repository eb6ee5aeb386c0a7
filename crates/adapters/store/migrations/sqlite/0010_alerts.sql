-- Alerts, who is told about them, and what is on its way.

CREATE TABLE destinations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    options TEXT NOT NULL,
    sealed_options BLOB,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- version: counts changes and evaluations that changed something.
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    query_id BIGINT NOT NULL REFERENCES queries (id) ON DELETE CASCADE,
    owner_id BIGINT NOT NULL REFERENCES users (id),
    options TEXT NOT NULL,
    parameters TEXT,
    rearm BIGINT,
    state TEXT NOT NULL CHECK (state IN ('unknown', 'ok', 'triggered')),
    last_triggered_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX alerts_by_query ON alerts (query_id);
CREATE INDEX alerts_by_owner ON alerts (owner_id);

-- Without a destination it is the mail address of the user.
CREATE TABLE alert_subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    alert_id BIGINT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    destination_id BIGINT REFERENCES destinations (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX alert_subscriptions_destination_key
ON alert_subscriptions (alert_id, destination_id) WHERE destination_id IS NOT NULL;
CREATE UNIQUE INDEX alert_subscriptions_user_key
ON alert_subscriptions (alert_id, user_id) WHERE destination_id IS NULL;
CREATE INDEX alert_subscriptions_by_user ON alert_subscriptions (user_id);
CREATE INDEX alert_subscriptions_by_destination ON alert_subscriptions (destination_id);

-- Results that alerts have to look at: written with the result, deleted with what they change.
CREATE TABLE alert_evaluations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id BIGINT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    result_id BIGINT NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    job_uid TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    query_id BIGINT,
    participant TEXT,
    is_scheduled BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_node TEXT,
    lease_until BIGINT,
    UNIQUE (alert_id, job_uid)
);
CREATE INDEX alert_evaluations_by_alert ON alert_evaluations (alert_id, id);
CREATE INDEX alert_evaluations_by_result ON alert_evaluations (result_id);

-- The outbox, and the log of it. receiver: one delivery of an evaluation for each.
CREATE TABLE alert_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    alert_id BIGINT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    destination_id BIGINT REFERENCES destinations (id) ON DELETE SET NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    answer TEXT,
    notice TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    evaluation TEXT NOT NULL,
    receiver TEXT NOT NULL,
    lease_node TEXT,
    lease_until BIGINT,
    UNIQUE (evaluation, receiver)
);
CREATE INDEX alert_deliveries_pending
ON alert_deliveries (next_at, id) WHERE state = 'pending';
CREATE INDEX alert_deliveries_pending_by_receiver
ON alert_deliveries (alert_id, receiver, id) WHERE state = 'pending';
CREATE INDEX alert_deliveries_by_alert ON alert_deliveries (alert_id, id);
CREATE INDEX alert_deliveries_by_destination ON alert_deliveries (destination_id, id);
CREATE INDEX alert_deliveries_by_user ON alert_deliveries (user_id);
CREATE INDEX alert_deliveries_by_end ON alert_deliveries (finished_at);
