"""Roundsman as a contender: its playbooks, and its account from the record."""

import os
import sqlite3

from .contest import Contender


class Roundsman:
    """Writes playbooks into a folder and makes contenders that run them."""

    def __init__(self, target, folder):
        self.program = os.path.abspath(f"{target}/release/roundsman")
        self.folder = folder

    def playbook(self, name, tasks, barrier=False):
        """Writes a playbook of one round with these tasks (YAML, a line each); with a round before it that connects."""
        text = "rounds:\n"
        if barrier:
            text += "  - name: connect\n    hosts: all\n    tasks:\n      - { name: hello, run: 'true', changed: false }\n"
        text += "  - name: work\n    hosts: all\n    tasks:\n" + "".join(f"      {task}\n" for task in tasks)
        path = f"{self.folder}/{name}.yml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run(self, playbook, inventory, name="roundsman", more=(), account=None):
        """A contender that runs a playbook with a record of its own each time."""
        script = 'exec "$0" run "$@" --db "$TURN/record.db" -q'
        words = ["sh", "-c", script, self.program, playbook, "-i", inventory, *more]
        return Contender(name, words, account=account or account_of_record, ours=True)

    def other(self, name, *words):
        """A contender that is another of its commands."""
        return Contender(name, [self.program, *words], ours=True)


def account_of_record(folder, _, text=True):
    """Reads the newest run: the work is its last round, and begins when that does, or when every host is connected.

    A result counts that ended well, and where there is to be `text`, with text.
    """
    with sqlite3.connect(f"{folder}/record.db") as record:
        [(last,)] = record.execute("SELECT max(round) FROM round")
        [(began,)] = record.execute("SELECT at FROM event WHERE kind = 'round_started' AND json ->> 'round' = ?", [last])
        [(connected,)] = record.execute("SELECT coalesce(max(at), 0) FROM event WHERE kind = 'host_connected'")
        query = "SELECT max(at), count(*) FROM event WHERE kind = 'step_ended' AND json ->> '$.step.round' = ? AND json ->> '$.outcome.status' IN ('ok', 'changed')"
        if text:
            query += " AND json ->> '$.outcome.stdout.bytes' > 0"
        [(ended, results)] = record.execute(query, [last])
        return {
            "warm": (ended - (began if last else connected)) / 1000,
            "from_master": (ended - connected) / 1000,
            "results": results,
        }
