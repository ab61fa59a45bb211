-- Runs that resume others: which one, which steps they carried over from it, and which handlers an earlier run owed.
-- Only syntax that SQLite 3.25 (2018) knows. Rows of older runs stay as they are: none of them resumed another.

ALTER TABLE run ADD COLUMN resumes TEXT;            -- the id of the run that it goes on with
CREATE INDEX run_by_resumed ON run(resumes);
ALTER TABLE step ADD COLUMN carried TEXT;           -- the id of the run in which it was done, where that is an earlier one
ALTER TABLE notification ADD COLUMN owed_by TEXT;   -- the id of the run that left it pending

-- Views gain columns; what they had stays.
DROP VIEW runs;
CREATE VIEW runs AS
SELECT run.number, run.id, run.command, run.playbook_id, run.playbook,
       coalesce(run.status, 'unfinished') AS status, run.exit_code,
       strftime('%Y-%m-%dT%H:%M:%fZ', run.started_at / 1000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', run.ended_at / 1000.0, 'unixepoch') AS ended_at,
       run.duration_ms, run.controller, run.user, run.cwd, run.argv, run.git_commit, run.git_dirty, run.version, run.reason, run.resumes
FROM run;
