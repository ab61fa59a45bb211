"""Contenders run in turn, again and again, and what each took.

A contender is a command line and a way to read its own account from what it printed. Turns are interleaved, and each
begins with another contender, so that whatever else the machine does falls on all. A turn whose account is short of
results counts as failed, not as fast. What a turn leaves running is ended before the next.
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

from . import processes


@dataclass
class Contender:
    """Who runs. `prepare` is called before each turn, untimed; `account` gives measures by name from the run's folder and output."""

    name: str
    words: list
    account: object = None
    prepare: object = None
    environment: dict = field(default_factory=dict)
    # Whether it is ours, not a peer and not a bound.
    ours: bool = False
    # Why it can't run.
    missing: str = ""


@dataclass
class Contest:
    """One work: its contenders, the measure that counts, and what it is about."""

    id: str
    title: str
    contenders: list
    measure: str = "wall"
    unit: str = "s"
    # Results that a turn must account for; none where there is nothing to count.
    results: int = None
    # Whether processor time is told apart by process, at the price of looking at them all the time.
    apart: bool = False
    # Of the machine, a minute's average before the first turn.
    load: float = 0.0


def account_of_json(folder, output):
    """What a peer's program prints last."""
    return json.loads(output.strip().splitlines()[-1])


def account_of_lines(folder, output):
    """A tool's output in `log`: lines of a file, or files of a folder, one a host."""
    log = f"{folder}/log"
    if os.path.isdir(log):
        return {"results": sum(os.path.getsize(f"{log}/{name}") > 0 for name in os.listdir(log))}
    with open(log, "rb") as file:
        return {"results": sum(1 for _ in file)}


def turn(contender, contest, limit):
    """Runs a contender once; gives its measures, or raises an error with what it said."""
    with tempfile.TemporaryDirectory(prefix="turn") as folder:
        if contender.prepare:
            contender.prepare()
        environment = dict(os.environ, TURN=folder, **contender.environment)
        with open(f"{folder}/out", "wb") as out, open(f"{folder}/err", "wb") as err:
            before = time.monotonic()
            process = subprocess.Popen(
                with_memory(contender.words, folder),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environment,
                start_new_session=True,
            )
            # Not subprocess's own limit, which looks only every 50 ms.
            late = threading.Timer(limit, os.killpg, [process.pid, signal.SIGKILL])
            late.daemon = True
            late.start()
            watch = processes.Watch(process.pid) if contest.apart else None
            try:
                _, status, used = os.wait4(process.pid, 0)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
            finally:
                wall = time.monotonic() - before
                late.cancel()
                apart = watch.end() if watch else {}
                processes.end_those_of(folder)
        output = read(f"{folder}/out")
        code = os.waitstatus_to_exitcode(status)
        if wall > limit:
            raise RuntimeError(f"took more than {limit} s")
        if code:
            words = (read(f"{folder}/err") + output).strip().splitlines()
            raise RuntimeError(f"exit code {code}: {words[-1] if words else ''}")
        # Of the process and all that it waited for; the memory is that of the largest.
        measures = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, **memory(folder), **apart}
        if contender.account:
            measures |= contender.account(folder, output)
            found = measures.pop("results", None)
            if contest.results is not None and found != contest.results:
                raise RuntimeError(f"{found} results, not {contest.results}")
        # Who keeps no session connects anew for every task: all of it is work.
        measures.setdefault("warm", wall)
        measures["cold"] = wall - measures["warm"]
        return measures


# The program, not the shell's word: a process that Python starts counts Python's own memory until it becomes the program.
TIME = "/usr/bin/time"


def with_memory(words, folder):
    return [TIME, "-q", "-f", "%M", "-o", f"{folder}/memory", *words] if os.path.exists(TIME) else words


def memory(folder):
    path = f"{folder}/memory"
    return {"mb": int(read(path).split()[-1]) / 1024} if os.path.exists(path) else {}


def run(contest, times, limit, say):
    """Runs all contenders in turn; gives, by name, the median of each measure, the range of the one that counts, and the turns."""
    taken = {contender.name: [] for contender in contest.contenders}
    failed = {contender.name: [contender.missing] for contender in contest.contenders if contender.missing}
    for number in range(times):
        first = number % len(contest.contenders)
        for contender in contest.contenders[first:] + contest.contenders[:first]:
            # Once may be mishap; what fails twice will again.
            if contender.missing or len(failed.get(contender.name, [])) > 1:
                continue
            try:
                measures = turn(contender, contest, limit)
            except Exception as error:  # Hours of other figures must not be lost with it.
                failed.setdefault(contender.name, []).append(str(error) or type(error).__name__)
                say(f"{contest.id}: {contender.name} failed: {error}")
            else:
                taken[contender.name].append(measures)
                say(f"{contest.id} {number + 1}/{times}: {contender.name}: {measures[contest.measure]:.3f} {contest.unit}")
    return {contender.name: row(contest, contender, taken[contender.name], failed.get(contender.name, [])) for contender in contest.contenders}


def row(contest, contender, turns, failed):
    told = {"ours": contender.ours}
    if failed:
        told["failed"] = failed
    if turns:
        names = set.intersection(*(set(turn) for turn in turns))
        # Of two the lower: a mean would be no turn that there was.
        told |= {key: statistics.median_low(turn[key] for turn in turns) for key in sorted(names)}
        counted = [turn[contest.measure] for turn in turns]
        told |= {"value": told[contest.measure], "least": min(counted), "most": max(counted), "turns": turns}
    return told


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def say(text):
    print(text, file=sys.stderr, flush=True)
