"""The command line of the suite; `benches/run` calls it once everything is there."""

import argparse
import importlib.util
import os
import signal
import sys
import tempfile

from . import machine, report
from .contest import run, say
from .works import WORKS, Bench


def main():
    parser = argparse.ArgumentParser(
        prog="benches/run",
        description="Runs Roundsman and its peers side by side on loopback hosts, in turns, and prints medians and ratios.",
    )
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"of {', '.join(WORKS)}; all")
    parser.add_argument("--quick", action="store_true", help="under five minutes: two turns, fewer hosts, without Ansible")
    parser.add_argument("--times", type=int, metavar="N", help="turns of each contender [default: 5, quick: 2]")
    parser.add_argument("--limit", type=int, default=1800, metavar="SECONDS", help="the longest that a turn may take")
    parser.add_argument("--only", metavar="TEXT", help="only contenders whose names hold this, and ours")
    parser.add_argument("--out", metavar="FOLDER", help="where results.json, table.md and chart.svg go [default: TARGET/bench]")
    parser.add_argument("--target", default="target", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    unknown = [work for work in arguments.works if work not in WORKS]
    if unknown:
        parser.error(f"no such work: {', '.join(unknown)}")
    target = os.path.abspath(arguments.target)
    out = arguments.out or f"{target}/bench"
    os.makedirs(out, exist_ok=True)
    times = arguments.times or (2 if arguments.quick else 5)
    told = machine.describe(f"{target}/release/roundsman")
    done = []
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        bench = Bench(target, folder, arguments.quick)
        for work in arguments.works or WORKS:
            for contest in WORKS[work](bench):
                if arguments.only:
                    contest.contenders = [c for c in contest.contenders if c.ours or arguments.only in c.name]
                contest.load = os.getloadavg()[0]
                done.append((contest, run(contest, times, arguments.limit, say)))
                write(f"{out}/results.json", report.as_json(told, done))
                write(f"{out}/table.md", table(told, done))
    sys.stdout.write(table(told, done))
    if importlib.util.find_spec("matplotlib"):
        report.chart(done, f"{out}/chart.svg")
    else:
        say("no chart: matplotlib is not installed")
    failed = [name for contest, rows in done for name, row in rows.items() if "failed" in row and row["ours"]]
    return 1 if failed else 0


def table(told, done):
    return "\n".join(f"- {name}: {word}" for name, word in told.items()) + "\n\n" + report.table(done)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


# As Ctrl-C: what was started is ended.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
sys.exit(main())
