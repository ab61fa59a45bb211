"""Contenders run in turn, again and again, and what each took.

A contender is a command line and a way to read its own account from what it printed. Turns are interleaved, so that
whatever else the machine does falls on all. A turn whose account is short of results counts as failed, not as fast.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Contender:
    """Who runs. `prepare` is called before each turn, untimed; `account` gives measures by name from the run's output."""

    name: str
    words: list
    account: object = None
    prepare: object = None
    environment: dict = field(default_factory=dict)
    # Turns that it runs at most: what takes minutes is not run as often.
    most: int = 1000


@dataclass
class Contest:
    """One work: its contenders, the measure that counts, and what it is about."""

    id: str
    title: str
    contenders: list
    measure: str = "wall"
    unit: str = "s"
    # Results that a turn must account for; none where it can't tell.
    results: int = None
    note: str = ""


def account_of_json(folder, output):
    """What a peer's program prints last."""
    return json.loads(output.strip().splitlines()[-1])


def turn(contender, results, limit):
    """Runs a contender once; gives its measures, or raises RuntimeError with what it said."""
    with tempfile.TemporaryDirectory(prefix="turn") as folder:
        if contender.prepare:
            contender.prepare()
        environment = dict(os.environ, TURN=folder, **contender.environment)
        # `time` for the memory: a process that Python starts counts Python's own until it becomes the program.
        memory = f"{folder}/memory"
        words = ["time", "-q", "-f", "%M", "-o", memory, *contender.words]
        before = time.monotonic()
        with open(f"{folder}/out", "wb") as out, open(f"{folder}/err", "wb") as err:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, start_new_session=True
            )
            # Not subprocess's own limit, which looks only every 50 ms.
            late = threading.Timer(limit, os.killpg, [process.pid, signal.SIGKILL])
            late.start()
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - before
            late.cancel()
        output = read(f"{folder}/out")
        code = os.waitstatus_to_exitcode(status)
        if wall > limit:
            raise RuntimeError(f"took more than {limit} s")
        if code:
            words = (read(f"{folder}/err") + output).strip().splitlines()
            raise RuntimeError(f"exit code {code}: {words[-1] if words else ''}")
        # Of the process and all that it waited for; the memory is that of the largest.
        measures = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "mb": int(read(memory).split()[-1]) / 1024}
        if contender.account:
            measures |= contender.account(folder, output)
            found = measures.pop("results", None)
            if results is not None and found != results:
                raise RuntimeError(f"{found} results, not {results}")
        # Who keeps no session connects anew for every task: all of it is work.
        measures.setdefault("warm", wall)
        measures["cold"] = wall - measures["warm"]
        return measures


def run(contest, times, limit, say):
    """Runs all contenders in turn; gives, by name, the median of each measure and the range of the one that counts."""
    taken = {contender.name: [] for contender in contest.contenders}
    failed = {}
    for number in range(times):
        for contender in contest.contenders:
            if contender.name in failed or number >= contender.most:
                continue
            try:
                taken[contender.name].append(turn(contender, contest.results, limit))
            except (RuntimeError, OSError, ValueError, IndexError) as error:
                failed[contender.name] = str(error)
                say(f"{contest.id}: {contender.name} failed: {error}")
            else:
                last = taken[contender.name][-1]
                say(f"{contest.id} {number + 1}/{times}: {contender.name}: {last[contest.measure]:.3f} {contest.unit}")
    rows = {}
    for name, turns in taken.items():
        if name in failed:
            rows[name] = {"failed": failed[name]}
            continue
        names = set.intersection(*(set(turn) for turn in turns))
        row = {key: statistics.median(turn[key] for turn in turns) for key in sorted(names)}
        counted = [turn[contest.measure] for turn in turns]
        row |= {"value": row[contest.measure], "least": min(counted), "most": max(counted), "turns": len(turns)}
        rows[name] = row
    return rows


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def say(text):
    print(text, file=sys.stderr, flush=True)
