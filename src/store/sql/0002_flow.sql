-- What repeats, branches and is asked: items and attempts with their outcomes, blocks, batches, handlers, questions.
-- Only syntax that SQLite 3.25 (2018) knows. Rows of older runs are brought to what their log would give today.

ALTER TABLE run ADD COLUMN reason TEXT;             -- why it was stopped

ALTER TABLE task ADD COLUMN section TEXT;           -- handlers, finally; NULL for tasks
ALTER TABLE task ADD COLUMN block INTEGER;          -- the innermost block around it
ALTER TABLE task ADD COLUMN part TEXT;              -- of that block: body, rescue, always

ALTER TABLE round_host ADD COLUMN batch INTEGER;    -- from 1; NULL in a round without batches

ALTER TABLE attempt ADD COLUMN item INTEGER;        -- from 0; NULL without `each`
ALTER TABLE attempt ADD COLUMN items INTEGER;       -- how many there are
ALTER TABLE attempt ADD COLUMN label TEXT;          -- the item in a few words
ALTER TABLE attempt ADD COLUMN status TEXT;         -- as of a step; NULL until it ends
ALTER TABLE attempt ADD COLUMN reason TEXT;
ALTER TABLE attempt ADD COLUMN allowed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN rc INTEGER;
ALTER TABLE attempt ADD COLUMN duration_ms INTEGER;
ALTER TABLE attempt ADD COLUMN retry_ms INTEGER;    -- tried again after so long; NULL: not tried again
ALTER TABLE attempt ADD COLUMN stdout_bytes INTEGER;
ALTER TABLE attempt ADD COLUMN stdout_cut INTEGER;
ALTER TABLE attempt ADD COLUMN stderr_bytes INTEGER;
ALTER TABLE attempt ADD COLUMN stderr_cut INTEGER;
ALTER TABLE attempt ADD COLUMN outputs TEXT;        -- JSON map, what the verb knows beyond text

-- Until now a step had one attempt, whose outcome is the step's.
UPDATE attempt SET (status, reason, allowed, rc, duration_ms, stdout_bytes, stdout_cut, stderr_bytes, stderr_cut, outputs) =
    (SELECT step.status, step.reason, step.allowed, step.rc, step.duration_ms,
            step.stdout_bytes, step.stdout_cut, step.stderr_bytes, step.stderr_cut, step.outputs
     FROM step WHERE step.run = attempt.run AND step.round = attempt.round AND step.task = attempt.task AND step.host = attempt.host)
WHERE EXISTS (SELECT 1 FROM step
              WHERE step.run = attempt.run AND step.round = attempt.round AND step.task = attempt.task AND step.host = attempt.host
                AND step.attempts = attempt.attempt AND step.status IS NOT NULL);

CREATE TABLE batch (
    run        INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round      INTEGER NOT NULL,
    batch      INTEGER NOT NULL,        -- from 1
    batches    INTEGER NOT NULL,        -- how many there are
    hosts      INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    pause_ms   INTEGER,                 -- the wait behind it
    PRIMARY KEY (run, round, batch)
) WITHOUT ROWID;

CREATE TABLE block (
    run   INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round INTEGER NOT NULL,
    block INTEGER NOT NULL,
    id    TEXT,
    name  TEXT NOT NULL,
    place TEXT NOT NULL,
    outer_block INTEGER,                -- the block around it
    part  TEXT,                         -- of that block: body, rescue, always
    PRIMARY KEY (run, round, block)
) WITHOUT ROWID;

-- One row each time that a block ended on a host: once, or once an item and an attempt.
CREATE TABLE block_end (
    run      INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round    INTEGER NOT NULL,
    block    INTEGER NOT NULL,
    host     INTEGER NOT NULL,
    pass     INTEGER NOT NULL,          -- from 1
    item     INTEGER,                   -- from 0; NULL without `each`
    items    INTEGER,
    label    TEXT,
    status   TEXT NOT NULL,             -- ok, changed, skipped, rescued, failed
    reason   TEXT,
    retry_ms INTEGER,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (run, round, block, host, pass)
) WITHOUT ROWID;

-- Nothing has written to it before: there were no handlers.
DROP TABLE notification;
CREATE TABLE notification (
    run      INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round    INTEGER NOT NULL,
    handler  INTEGER NOT NULL,          -- its task
    host     INTEGER NOT NULL,
    by_task  INTEGER NOT NULL,          -- the task that changed something
    state    TEXT NOT NULL,             -- pending, done, failed
    at       INTEGER NOT NULL,          -- when it was notified
    ended_at INTEGER,                   -- when the handler had run
    PRIMARY KEY (run, round, handler, host)
) WITHOUT ROWID;
CREATE INDEX notification_pending ON notification(state);

CREATE TABLE question (
    run         INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    seq         INTEGER NOT NULL,       -- of its event
    round       INTEGER NOT NULL,
    task        INTEGER,                -- NULL: the round itself asks
    question    TEXT NOT NULL,
    asked_at    INTEGER NOT NULL,
    yes         INTEGER,                -- NULL until it is answered
    answered_by TEXT,
    answered_at INTEGER,
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;

-- Views gain columns; what they had stays.
DROP VIEW runs;
CREATE VIEW runs AS
SELECT run.number, run.id, run.command, run.playbook_id, run.playbook,
       coalesce(run.status, 'unfinished') AS status, run.exit_code,
       strftime('%Y-%m-%dT%H:%M:%fZ', run.started_at / 1000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', run.ended_at / 1000.0, 'unixepoch') AS ended_at,
       run.duration_ms, run.controller, run.user, run.cwd, run.argv, run.git_commit, run.git_dirty, run.version, run.reason
FROM run;

-- Every execution of every step with its names: an item, an attempt, a pass of a block.
CREATE VIEW attempts AS
SELECT attempt.run, host.name AS host, round.id AS round, coalesce(task.id, task.name) AS task, task.name AS task_name, attempt.attempt,
       attempt.item, attempt.items, attempt.label,
       CASE WHEN attempt.status IS NOT NULL THEN attempt.status WHEN run.status IS NOT NULL THEN 'unknown'
            WHEN attempt.began_at IS NOT NULL THEN 'began' ELSE 'sent' END AS status,
       attempt.reason, attempt.allowed, attempt.rc, attempt.retry_ms,
       strftime('%Y-%m-%dT%H:%M:%fZ', attempt.sent_at / 1000.0, 'unixepoch') AS sent_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', attempt.began_at / 1000.0, 'unixepoch') AS began_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', attempt.ended_at / 1000.0, 'unixepoch') AS ended_at,
       attempt.duration_ms, attempt.command, ran_on.name AS ran_on,
       attempt.round AS round_ix, attempt.task AS task_ix, attempt.host AS host_ix
FROM attempt
JOIN run ON run.number = attempt.run
LEFT JOIN run_host AS host ON host.run = attempt.run AND host.host = attempt.host
LEFT JOIN round ON round.run = attempt.run AND round.round = attempt.round
LEFT JOIN task ON task.run = attempt.run AND task.round = attempt.round AND task.task = attempt.task
LEFT JOIN run_host AS ran_on ON ran_on.run = attempt.run AND ran_on.host = attempt.on_host;

-- Each stream of each attempt as one text.
DROP VIEW outputs;
CREATE VIEW outputs AS
SELECT part.run, host.name AS host, round.id AS round, coalesce(task.id, task.name) AS task, part.attempt, part.stream,
       (SELECT group_concat(CAST(data AS TEXT), '')
        FROM (SELECT data FROM output AS piece
              WHERE piece.run = part.run AND piece.round = part.round AND piece.task = part.task AND piece.host = part.host
                AND piece.attempt = part.attempt AND piece.stream = part.stream ORDER BY piece."offset", piece.seq)) AS text,
       CASE part.stream WHEN 'stdout' THEN attempt.stdout_bytes ELSE attempt.stderr_bytes END AS bytes,
       CASE part.stream WHEN 'stdout' THEN attempt.stdout_cut ELSE attempt.stderr_cut END AS cut,
       part.round AS round_ix, part.task AS task_ix, part.host AS host_ix, attempt.label
FROM (SELECT DISTINCT run, round, task, host, attempt, stream FROM output) AS part
LEFT JOIN attempt ON attempt.run = part.run AND attempt.round = part.round AND attempt.task = part.task AND attempt.host = part.host
                 AND attempt.attempt = part.attempt
LEFT JOIN run_host AS host ON host.run = part.run AND host.host = part.host
LEFT JOIN round ON round.run = part.run AND round.round = part.round
LEFT JOIN task ON task.run = part.run AND task.round = part.round AND task.task = part.task;

-- As before; the words and the command are those of the execution that failed last, which need not be the last one.
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
WHERE steps.status IN ('failed', 'unreachable', 'unknown', 'sent', 'began')
ORDER BY steps.run DESC, steps.ended_at DESC;

-- How each block ended on each host, the last row of an item its final one.
CREATE VIEW blocks AS
SELECT block_end.run, host.name AS host, round.id AS round, coalesce(block.id, block.name) AS block, block_end.pass, block_end.label,
       block_end.status, block_end.reason, block_end.retry_ms,
       strftime('%Y-%m-%dT%H:%M:%fZ', block_end.ended_at / 1000.0, 'unixepoch') AS ended_at,
       block_end.round AS round_ix, block_end.block AS block_ix, block_end.host AS host_ix
FROM block_end
LEFT JOIN run_host AS host ON host.run = block_end.run AND host.host = block_end.host
LEFT JOIN round ON round.run = block_end.run AND round.round = block_end.round
LEFT JOIN block ON block.run = block_end.run AND block.round = block_end.round AND block.block = block_end.block;

-- Handlers that were notified and have not run since: what the next run of the playbook owes its hosts. A later run of
-- the playbook that had the same handler notified on the host has taken the debt over.
CREATE VIEW pending_notifications AS
SELECT notification.run, run.playbook_id, run.playbook, coalesce(run.status, 'unfinished') AS run_status, host.name AS host,
       round.id AS round, coalesce(handler.id, handler.name) AS handler, coalesce(origin.id, origin.name) AS notified_by,
       strftime('%Y-%m-%dT%H:%M:%fZ', notification.at / 1000.0, 'unixepoch') AS notified_at,
       notification.round AS round_ix, notification.handler AS handler_ix, notification.host AS host_ix
FROM notification
JOIN run ON run.number = notification.run
LEFT JOIN run_host AS host ON host.run = notification.run AND host.host = notification.host
LEFT JOIN round ON round.run = notification.run AND round.round = notification.round
LEFT JOIN task AS handler ON handler.run = notification.run AND handler.round = notification.round AND handler.task = notification.handler
LEFT JOIN task AS origin ON origin.run = notification.run AND origin.round = notification.round AND origin.task = notification.by_task
WHERE notification.state = 'pending' AND NOT EXISTS (
    SELECT 1 FROM run AS later
    JOIN notification AS taken ON taken.run = later.number
    JOIN run_host AS taken_host ON taken_host.run = taken.run AND taken_host.host = taken.host
    JOIN round AS taken_round ON taken_round.run = taken.run AND taken_round.round = taken.round
    JOIN task AS taken_handler ON taken_handler.run = taken.run AND taken_handler.round = taken.round
                              AND taken_handler.task = taken.handler
    WHERE later.playbook_id = run.playbook_id AND later.number > run.number AND taken_host.name = host.name
      AND taken_round.id = round.id AND coalesce(taken_handler.id, taken_handler.name) = coalesce(handler.id, handler.name))
ORDER BY notification.run, notification.round, notification.handler, notification.host;
