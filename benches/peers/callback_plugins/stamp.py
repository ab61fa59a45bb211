"""Tells Ansible's times as the other peers tell theirs: the last play is the work, and the first, where there are two, connects."""

import json
import os
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "stamp"

    def __init__(self):
        super().__init__()
        self.began = float(os.environ["STAMP_BEGAN"])
        self.plays = 0
        self.results = 0
        self.failed = 0
        self.since = self.began

    def v2_playbook_on_play_start(self, play):
        self.plays += 1
        self.since = time.time()
        self.results = 0

    def v2_runner_on_ok(self, result):
        self.results += 1

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.failed += 1

    def v2_runner_on_unreachable(self, result):
        self.failed += 1

    def v2_playbook_on_stats(self, stats):
        if self.failed:
            raise SystemExit("hosts failed")
        now = time.time()
        print(json.dumps({"cold": self.since - self.began, "warm": now - self.since, "results": self.results}))
