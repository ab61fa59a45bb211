"""What the peers' programs share: the work they are given, and how they tell what it took.

A program gets one argument, a JSON file: `hosts` (addresses), `port`, `user`, `key`, `known_hosts`, `record` (a file
that may be written), and the work: `tasks` (commands, one after the other on each host) or `reads` (files, all at once,
`rounds` times). It prints one line of JSON: seconds until the last host was ready, seconds from there to the last
result, and how many results there were. With a `barrier`, a host is ready when it has run `true` over the connection that
it keeps, and the work begins when all are, as in the playbooks that do the same; without, each host works when it is
connected.
"""

import json
import sys
import time


class Work:
    def __init__(self):
        with open(sys.argv[1], encoding="utf-8") as file:
            self.__dict__.update(json.load(file))
        self.tasks = self.__dict__.get("tasks", [])
        self.reads = self.__dict__.get("reads", [])
        self.began = self.since = time.monotonic()
        self.results = 0

    def connected(self):
        self.since = time.monotonic()

    def result(self, text):
        if not text:
            raise SystemExit("a result without text")
        self.results += 1

    def done(self):
        now = time.monotonic()
        print(json.dumps({"cold": self.since - self.began, "warm": now - self.since, "results": self.results}))
