-- A dry run is recorded as a run with the command `check`. What a run would do with each step stands beside its status, and so does what it
-- made different, or would. Views that tell what was done leave dry runs out; `drift` is what the newest of each playbook found.

ALTER TABLE step ADD COLUMN answer TEXT;
ALTER TABLE step ADD COLUMN differences TEXT;

DROP VIEW last_run;
CREATE VIEW last_run AS
SELECT runs.number AS run, runs.playbook, runs.status AS run_status, runs.started_at, host.name AS host, host.state AS host_state,
       count(CASE WHEN step.status = 'ok' THEN 1 END) AS ok,
       count(CASE WHEN step.status = 'changed' THEN 1 END) AS changed,
       count(CASE WHEN step.status = 'skipped' THEN 1 END) AS skipped,
       count(CASE WHEN step.status = 'failed' THEN 1 END) AS failed,
       count(CASE WHEN step.status IN ('unreachable', 'cancelled') THEN 1 END) AS not_run,
       count(CASE WHEN step.host IS NOT NULL AND (step.status IS NULL OR step.status = 'unknown') THEN 1 END) AS unknown,
       host.message
FROM runs
JOIN run_host AS host ON host.run = runs.number
LEFT JOIN step ON step.run = host.run AND step.host = host.host
WHERE runs.number = (SELECT max(number) FROM run WHERE command <> 'check')
GROUP BY host.run, host.host
ORDER BY host.host;

DROP VIEW failures;
CREATE VIEW failures AS
SELECT steps.run, runs.playbook, steps.host, steps.round, steps.task,
       CASE WHEN steps.status IN ('sent', 'began') THEN 'unknown' ELSE steps.status END AS status,
       steps.reason, steps.rc, steps.allowed, coalesce(bad.command, steps.command) AS command, steps.ended_at,
       (SELECT group_concat(CAST(data AS TEXT), '')
        FROM (SELECT data FROM output AS piece
              WHERE piece.run = steps.run AND piece.round = steps.round_ix AND piece.task = steps.task_ix AND piece.host = steps.host_ix
                AND piece.attempt = coalesce(bad.attempt, steps.attempts) AND piece.stream = 'stderr'
              ORDER BY piece."offset", piece.seq)) AS stderr,
       bad.label
FROM steps
JOIN runs ON runs.number = steps.run
LEFT JOIN attempt AS bad ON bad.run = steps.run AND bad.round = steps.round_ix AND bad.task = steps.task_ix AND bad.host = steps.host_ix
     AND bad.attempt = (SELECT max(other.attempt) FROM attempt AS other
                        WHERE other.run = steps.run AND other.round = steps.round_ix AND other.task = steps.task_ix
                          AND other.host = steps.host_ix AND other.status = 'failed')
WHERE runs.command <> 'check' AND steps.status IN ('failed', 'unreachable', 'unknown', 'sent', 'began')
ORDER BY steps.run DESC, steps.ended_at DESC;

DROP VIEW host_last_success;
CREATE VIEW host_last_success AS
SELECT host.name AS host, run.playbook_id, run.playbook, run.number AS run,
       strftime('%Y-%m-%dT%H:%M:%fZ', max(run.ended_at) / 1000.0, 'unixepoch') AS ended_at
FROM run_host AS host JOIN run ON run.number = host.run
WHERE run.ended_at IS NOT NULL AND run.command <> 'check' AND host.state NOT IN ('unreachable', 'lost')
  AND EXISTS (SELECT 1 FROM step WHERE step.run = host.run AND step.host = host.host AND step.status IN ('ok', 'changed', 'skipped'))
  AND NOT EXISTS (SELECT 1 FROM step WHERE step.run = host.run AND step.host = host.host
                  AND (step.status IS NULL OR step.status IN ('unreachable', 'cancelled', 'unknown')
                       OR (step.status = 'failed' AND step.allowed = 0) OR (step.status = 'skipped' AND step.blocked = 1)))
GROUP BY host.name, run.playbook_id
ORDER BY host.name, run.playbook_id;

DROP VIEW slowest_steps;
CREATE VIEW slowest_steps AS
SELECT run.playbook_id, round.id AS round, coalesce(task.id, task.name) AS task, count(*) AS times,
       CAST(avg(step.duration_ms) AS INTEGER) AS average_ms, max(step.duration_ms) AS longest_ms, host.name AS longest_on, step.run AS longest_in
FROM step
JOIN run ON run.number = step.run
LEFT JOIN run_host AS host ON host.run = step.run AND host.host = step.host
LEFT JOIN round ON round.run = step.run AND round.round = step.round
LEFT JOIN task ON task.run = step.run AND task.round = step.round AND task.task = step.task
WHERE step.began_at IS NOT NULL AND step.status IS NOT NULL AND run.command <> 'check'
GROUP BY run.playbook_id, round.id, coalesce(task.id, task.name)
ORDER BY longest_ms DESC, round.id, task;

-- What the newest dry run of each playbook found that is not as it is to be.
CREATE VIEW drift AS
SELECT run.playbook_id, run.playbook, step.run, host.name AS host, round.id AS round, coalesce(task.id, task.name) AS task,
       step.answer, step.reason, step.differences,
       strftime('%Y-%m-%dT%H:%M:%fZ', run.started_at / 1000.0, 'unixepoch') AS checked_at
FROM run
JOIN step ON step.run = run.number
LEFT JOIN run_host AS host ON host.run = step.run AND host.host = step.host
LEFT JOIN round ON round.run = step.run AND round.round = step.round
LEFT JOIN task ON task.run = step.run AND task.round = step.round AND task.task = step.task
WHERE step.answer IN ('changes', 'runs', 'unknown', 'fails')
  AND run.number = (SELECT max(newer.number) FROM run AS newer WHERE newer.playbook_id = run.playbook_id AND newer.command = 'check')
ORDER BY run.playbook_id, step.round, step.task, step.host;
