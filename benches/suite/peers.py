"""The peers as contenders: programs of their own for libraries, command lines for tools."""

import importlib.util
import os
import shlex
import shutil
import sys

from .contest import Contender, account_of_json, account_of_lines

PEERS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers")
# What the fastest of them needs; their own defaults are 32 or more.
FANOUT = 32


def library(name, program, work, *more):
    """A program in `benches/peers`, given the work's file; it gets a new record each time."""
    record = work.replace(".json", ".db")

    def prepare():
        for end in ("", "-wal", "-shm"):
            if os.path.exists(record + end):
                os.remove(record + end)

    words = [sys.executable, f"{PEERS}/{program}_peer.py", work, *more]
    modules = {"asyncssh": ["asyncssh", "aiosqlite"], "parallel_ssh": ["pssh"], "ansible": ["ansible", *more]}.get(program, [program])
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return Contender(name, words, account=account_of_json, prepare=prepare, missing=not_here(missing))


def not_here(missing):
    return f"not installed: {', '.join(missing)}" if missing else ""


def tools(lab, hosts, command, times=1):
    """The tools that start an ssh for each host and command, `times` after each other."""
    listed = lab.write_names(hosts)
    ssh = shlex.join(lab.ssh())
    options = shlex.join(lab.ssh()[1:])
    command = shlex.quote(command)
    all_names = ",".join(lab.addresses[:hosts])
    lines = {
        f"xargs -P{width} ssh": f"xargs -a {listed} -P {width} -I{{}} {ssh} {{}} {command} >> $TURN/log" for width in (8, 16, 32)
    }
    lines |= {
        "clush": f"clush -q -S -f {FANOUT} -o {shlex.quote(options)} -w {all_names} --outdir=$TURN/log {command}",
        "pdsh": f"PDSH_SSH_ARGS={shlex.quote(options + ' %h')} pdsh -S -R ssh -f {FANOUT} -w {all_names} {command} >> $TURN/log",
        "pssh": f"parallel-ssh -h {listed} -p {FANOUT} -t 0 -x {shlex.quote(options)} -o $TURN/log {command}",
    }
    programs = {"pssh": "parallel-ssh"}
    for name, line in lines.items():
        if times > 1:
            line = f"for i in $(seq {times}); do {line} || exit; done"

        def account(folder, output, name=name):
            # Of those that write a file a host, each loop writes them anew.
            again = times if name in ("clush", "pssh") else 1
            return {"results": account_of_lines(folder, output)["results"] * again}

        program = programs.get(name, name.split(" ")[0])
        missing = not_here([] if shutil.which(program) else [program])
        yield Contender(name, ["sh", "-c", line], account=account, missing=missing)
