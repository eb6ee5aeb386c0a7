SELECT
    MIN(
        CASE
            WHEN r.report_lease IS NULL THEN r.finished_at + CAST($1 AS BIGINT)
            ELSE r.report_lease
        END
    )
FROM schedule_runs r
WHERE r.state = 'failed' AND r.reported_at IS NULL
