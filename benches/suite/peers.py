"""The peers as contenders: programs of their own for libraries, command lines for tools."""

import os
import shlex
import sys

from .contest import Contender, account_of_json

PEERS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers")
# Each of these starts an ssh a host; more at once were no faster on the machines tried.
FANOUT = 16


def library(name, program, work, *more, most=1000):
    """A program in `benches/peers`, given the work's file; it gets a new record each time."""
    record = work.replace(".json", ".db")

    def prepare():
        for end in ("", "-wal", "-shm"):
            if os.path.exists(record + end):
                os.remove(record + end)

    words = [sys.executable, f"{PEERS}/{program}_peer.py", work, *more]
    return Contender(name, words, account=account_of_json, prepare=prepare, most=most)


def tools(lab, hosts, folder, command, times=1):
    """The tools that start an ssh for each host and command, `times` after each other."""
    names = lab.addresses[:hosts]
    listed = f"{folder}/hosts-{hosts}.txt"
    with open(listed, "w", encoding="utf-8") as file:
        file.write("\n".join(names) + "\n")
    ssh = shlex.join(lab.ssh())
    options = shlex.join(lab.ssh()[1:])
    command = shlex.quote(command)
    all_names = ",".join(names)
    lines = {
        f"xargs -P{width} ssh": f"xargs -a {listed} -P {width} -I{{}} {ssh} {{}} {command} > $TURN/log" for width in (8, 16, 32)
    }
    lines |= {
        "clush": f"clush -q -S -f {FANOUT} -o {shlex.quote(options)} -w {all_names} --outdir=$TURN/log {command}",
        "pdsh": f"PDSH_SSH_ARGS={shlex.quote(options + ' %h')} pdsh -S -R ssh -f {FANOUT} -w {all_names} {command} > $TURN/log",
        "pssh": f"parallel-ssh -h {listed} -p {FANOUT} -t 0 -x {shlex.quote(options)} -o $TURN/log {command}",
    }
    for name, line in lines.items():
        if times > 1:
            line = f"for i in $(seq {times}); do {line} || exit; done"
        yield Contender(name, ["sh", "-c", line])
