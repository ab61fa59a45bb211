-- The first form of the record: the log of events, rows derived from it, and views for people.
-- Only syntax that SQLite 3.25 (2018) knows, so that an old `sqlite3` opens the file too.

-- Long texts, each stored once however many runs share it: playbooks, inventories, plans.
CREATE TABLE content (
    sha256 TEXT PRIMARY KEY,        -- of this text, secrets masked
    text   TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE run (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    format      INTEGER NOT NULL,   -- of the events' JSON
    version     TEXT NOT NULL,      -- roundsman's
    command     TEXT NOT NULL,      -- run, exec
    playbook_id TEXT NOT NULL,
    playbook    TEXT NOT NULL,
    argv        TEXT NOT NULL,      -- JSON list
    controller  TEXT NOT NULL,
    user        TEXT NOT NULL,
    cwd         TEXT NOT NULL,
    git_commit  TEXT,
    git_dirty   INTEGER,
    extra       TEXT NOT NULL,      -- JSON map, -e
    plan        TEXT NOT NULL REFERENCES content(sha256),
    started_at  INTEGER NOT NULL,   -- UTC ms, as all times in tables
    last_at     INTEGER NOT NULL,   -- of the last event
    ended_at    INTEGER,
    status      TEXT,               -- ok, failed, unreachable, interrupted, error; NULL until it ends
    exit_code   INTEGER,
    duration_ms INTEGER
);
CREATE INDEX run_by_playbook ON run(playbook_id);

-- The log. Replayed, it gives the run's events again; `json` lacks only what stands in output, content and input.
CREATE TABLE event (
    run  INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    seq  INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    kind TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;

CREATE TABLE input (
    run      INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    role     TEXT NOT NULL,         -- playbook, inventory, vars, copy
    name     TEXT NOT NULL,
    sha256   TEXT NOT NULL,         -- of the file
    content  TEXT REFERENCES content(sha256),
    PRIMARY KEY (run, position)
) WITHOUT ROWID;

CREATE TABLE run_host (
    run          INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    host         INTEGER NOT NULL,
    name         TEXT NOT NULL,
    address      TEXT NOT NULL,
    state        TEXT NOT NULL,     -- waiting, connecting, connected, unreachable, lost
    retries      INTEGER NOT NULL,
    connected_at INTEGER,
    connect_ms   INTEGER,
    class        TEXT,              -- kind of refusal
    message      TEXT,              -- OpenSSH's words
    PRIMARY KEY (run, host)
) WITHOUT ROWID;
CREATE INDEX run_host_by_name ON run_host(name);

CREATE TABLE round (
    run        INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round      INTEGER NOT NULL,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    place      TEXT NOT NULL,       -- file:line:column
    state      TEXT NOT NULL,       -- waiting, running, skipped, ended
    reason     TEXT,
    started_at INTEGER,
    ended_at   INTEGER,
    PRIMARY KEY (run, round)
) WITHOUT ROWID;

CREATE TABLE round_host (
    run    INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round  INTEGER NOT NULL,
    host   INTEGER NOT NULL,
    state  TEXT NOT NULL,           -- in, left out
    reason TEXT,
    PRIMARY KEY (run, round, host)
) WITHOUT ROWID;

CREATE TABLE task (
    run   INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round INTEGER NOT NULL,
    task  INTEGER NOT NULL,
    id    TEXT,
    name  TEXT NOT NULL,
    verb  TEXT NOT NULL,
    place TEXT NOT NULL,
    PRIMARY KEY (run, round, task)
) WITHOUT ROWID;

-- One row a step from its first event on; the times are its last attempt's.
CREATE TABLE step (
    run           INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round         INTEGER NOT NULL,
    task          INTEGER NOT NULL,
    host          INTEGER NOT NULL,
    state         TEXT NOT NULL,    -- sent, began, ended
    status        TEXT,             -- ok, changed, skipped, failed, unreachable, cancelled, unknown; NULL until it ends
    reason        TEXT,
    blocked       INTEGER NOT NULL DEFAULT 0,
    allowed       INTEGER NOT NULL DEFAULT 0,
    rc            INTEGER,
    attempts      INTEGER NOT NULL,
    sent_at       INTEGER,
    began_at      INTEGER,
    ended_at      INTEGER,
    duration_ms   INTEGER,          -- from the begin mark to the end mark
    stdout_bytes  INTEGER,
    stdout_sha256 TEXT,
    stdout_cut    INTEGER,
    stderr_bytes  INTEGER,
    stderr_sha256 TEXT,
    stderr_cut    INTEGER,
    outputs       TEXT,             -- JSON map, what the verb knows beyond text
    PRIMARY KEY (run, round, task, host)
) WITHOUT ROWID;

CREATE TABLE attempt (
    run      INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round    INTEGER NOT NULL,
    task     INTEGER NOT NULL,
    host     INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    on_host  INTEGER,               -- where it ran, if not on the step's own host
    command  TEXT,
    sent_at  INTEGER,
    began_at INTEGER,
    ended_at INTEGER,
    PRIMARY KEY (run, round, task, host, attempt)
) WITHOUT ROWID;

-- The bytes of output, stored here only. `data` is TEXT where a piece is UTF-8, else a BLOB.
CREATE TABLE output (
    run     INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,       -- of its event
    round   INTEGER NOT NULL,
    task    INTEGER NOT NULL,
    host    INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    stream  TEXT NOT NULL,          -- stdout, stderr
    "offset" INTEGER NOT NULL,      -- in its stream, in bytes
    data    NOT NULL,
    PRIMARY KEY (run, seq)
);
CREATE INDEX output_by_step ON output(run, round, task, host, attempt, stream, "offset");

-- Handlers that were notified; filled once there are handlers.
CREATE TABLE notification (
    run     INTEGER NOT NULL REFERENCES run(number) ON DELETE CASCADE,
    round   INTEGER NOT NULL,
    handler TEXT NOT NULL,
    host    INTEGER NOT NULL,
    state   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (run, round, handler, host)
) WITHOUT ROWID;

-- Every run with readable times. `status` is `unfinished` where there is no end: it goes on, or was killed.
CREATE VIEW runs AS
SELECT run.number, run.id, run.command, run.playbook_id, run.playbook,
       coalesce(run.status, 'unfinished') AS status, run.exit_code,
       strftime('%Y-%m-%dT%H:%M:%fZ', run.started_at / 1000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', run.ended_at / 1000.0, 'unixepoch') AS ended_at,
       run.duration_ms, run.controller, run.user, run.cwd, run.argv, run.git_commit, run.git_dirty, run.version
FROM run;

-- Every step with its names. Without an end in a run that is over, it is `unknown`.
CREATE VIEW steps AS
SELECT step.run, host.name AS host, round.id AS round, coalesce(task.id, task.name) AS task, task.name AS task_name, task.verb,
       CASE WHEN step.status IS NOT NULL THEN step.status WHEN run.status IS NOT NULL THEN 'unknown' ELSE step.state END AS status,
       step.reason, step.blocked, step.allowed, step.rc, step.attempts,
       strftime('%Y-%m-%dT%H:%M:%fZ', step.sent_at / 1000.0, 'unixepoch') AS sent_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', step.began_at / 1000.0, 'unixepoch') AS began_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', step.ended_at / 1000.0, 'unixepoch') AS ended_at,
       step.duration_ms, attempt.command, ran_on.name AS ran_on,
       step.round AS round_ix, step.task AS task_ix, step.host AS host_ix
FROM step
JOIN run ON run.number = step.run
LEFT JOIN run_host AS host ON host.run = step.run AND host.host = step.host
LEFT JOIN round ON round.run = step.run AND round.round = step.round
LEFT JOIN task ON task.run = step.run AND task.round = step.round AND task.task = step.task
LEFT JOIN attempt ON attempt.run = step.run AND attempt.round = step.round AND attempt.task = step.task
                 AND attempt.host = step.host AND attempt.attempt = step.attempts
LEFT JOIN run_host AS ran_on ON ran_on.run = step.run AND ran_on.host = attempt.on_host;

-- Each stream of each attempt as one text.
CREATE VIEW outputs AS
SELECT part.run, host.name AS host, round.id AS round, coalesce(task.id, task.name) AS task, part.attempt, part.stream,
       (SELECT group_concat(CAST(data AS TEXT), '')
        FROM (SELECT data FROM output AS piece
              WHERE piece.run = part.run AND piece.round = part.round AND piece.task = part.task AND piece.host = part.host
                AND piece.attempt = part.attempt AND piece.stream = part.stream ORDER BY piece."offset", piece.seq)) AS text,
       CASE part.stream WHEN 'stdout' THEN step.stdout_bytes ELSE step.stderr_bytes END AS bytes,
       CASE part.stream WHEN 'stdout' THEN step.stdout_cut ELSE step.stderr_cut END AS cut,
       part.round AS round_ix, part.task AS task_ix, part.host AS host_ix
FROM (SELECT DISTINCT run, round, task, host, attempt, stream FROM output) AS part
LEFT JOIN step ON step.run = part.run AND step.round = part.round AND step.task = part.task AND step.host = part.host
LEFT JOIN run_host AS host ON host.run = part.run AND host.host = part.host
LEFT JOIN round ON round.run = part.run AND round.round = part.round
LEFT JOIN task ON task.run = part.run AND task.round = part.round AND task.task = part.task;

-- The files that each run was made from, with their text.
CREATE VIEW inputs AS
SELECT input.run, input.role, input.name, input.sha256, content.text
FROM input LEFT JOIN content ON content.sha256 = input.content;

-- The newest run, one row for each of its hosts.
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
WHERE runs.number = (SELECT max(number) FROM run)
GROUP BY host.run, host.host
ORDER BY host.host;

-- What failed or may have, newest first; allowed failures are marked. Steps without an end in a run without an end are
-- those that a killed run left, or that run right now.
CREATE VIEW failures AS
SELECT steps.run, runs.playbook, steps.host, steps.round, steps.task,
       CASE WHEN steps.status IN ('sent', 'began') THEN 'unknown' ELSE steps.status END AS status,
       steps.reason, steps.rc, steps.allowed, steps.command, steps.ended_at,
       (SELECT group_concat(CAST(data AS TEXT), '')
        FROM (SELECT data FROM output AS piece
              WHERE piece.run = steps.run AND piece.round = steps.round_ix AND piece.task = steps.task_ix AND piece.host = steps.host_ix
                AND piece.attempt = steps.attempts AND piece.stream = 'stderr' ORDER BY piece."offset", piece.seq)) AS stderr
FROM steps JOIN runs ON runs.number = steps.run
WHERE steps.status IN ('failed', 'unreachable', 'unknown', 'sent', 'began')
ORDER BY steps.run DESC, steps.ended_at DESC;

-- When each host last came through a whole run without an unreachable, a failure that nothing allowed, or an unknown step.
CREATE VIEW host_last_success AS
SELECT host.name AS host, run.playbook_id, run.playbook, run.number AS run,
       strftime('%Y-%m-%dT%H:%M:%fZ', max(run.ended_at) / 1000.0, 'unixepoch') AS ended_at
FROM run_host AS host JOIN run ON run.number = host.run
WHERE run.ended_at IS NOT NULL AND host.state NOT IN ('unreachable', 'lost')
  AND EXISTS (SELECT 1 FROM step WHERE step.run = host.run AND step.host = host.host AND step.status IN ('ok', 'changed', 'skipped'))
  AND NOT EXISTS (SELECT 1 FROM step WHERE step.run = host.run AND step.host = host.host
                  AND (step.status IS NULL OR step.status IN ('unreachable', 'cancelled', 'unknown')
                       OR (step.status = 'failed' AND step.allowed = 0) OR (step.status = 'skipped' AND step.blocked = 1)))
GROUP BY host.name, run.playbook_id
ORDER BY host.name, run.playbook_id;

-- How long each task takes, over all runs and hosts, the slowest first.
CREATE VIEW slowest_steps AS
SELECT run.playbook_id, round.id AS round, coalesce(task.id, task.name) AS task, count(*) AS times,
       CAST(avg(step.duration_ms) AS INTEGER) AS average_ms, max(step.duration_ms) AS longest_ms, host.name AS longest_on, step.run AS longest_in
FROM step
JOIN run ON run.number = step.run
LEFT JOIN run_host AS host ON host.run = step.run AND host.host = step.host
LEFT JOIN round ON round.run = step.run AND round.round = step.round
LEFT JOIN task ON task.run = step.run AND task.round = step.round AND task.task = step.task
WHERE step.began_at IS NOT NULL AND step.status IS NOT NULL
GROUP BY run.playbook_id, round.id, coalesce(task.id, task.name)
ORDER BY longest_ms DESC, round.id, task;
