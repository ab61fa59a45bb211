"""The works: S1 to S9, each a list of contests that share their machine and their minute.

A work is a function of a `Bench` that yields contests; what it starts (hosts, files) lasts while they run.
"""

import filecmp
import os
import shlex
import sqlite3
import subprocess
from functools import partial

from .contest import Contender, Contest
from .lab import Lab
from .peers import library, tools
from .roundsman import Roundsman, account_of_record

TASK = "uname -n"
TWENTY = [TASK] * 20


class Bench:
    """What all works are given: where the programs are, a folder, and whether it must be quick."""

    def __init__(self, target, folder, quick):
        self.target = target
        self.folder = folder
        self.quick = quick
        self.roundsman = Roundsman(target, folder)

    def path(self, name):
        return f"{self.folder}/{name}"

    def peers(self, lab, name, hosts, slow=True, barrier=True, **work):
        """The libraries that can do the work; Ansible, which takes minutes, where that is wanted."""
        path = self.path(f"{name}.json")
        lab.write_work(path, hosts, path.replace(".json", ".db"), barrier=barrier, **work)
        yield library("asyncssh + aiosqlite", "asyncssh", path)
        yield library("rmote", "rmote", path)
        if "reads" in work:
            return
        yield library("parallel-ssh", "parallel_ssh", path)
        yield library("pyinfra", "pyinfra", path)
        if slow:
            yield library("Ansible, pipelining", "ansible", path)
            yield library("Ansible, Mitogen", "ansible", path, "mitogen")


def s1(bench):
    """Connect and one command."""
    for hosts in (10, 50) if bench.quick else (10, 50, 200):
        with Lab(bench.target, hosts) as lab:
            inventory = bench.path("s1.yml")
            lab.write_inventory(inventory, hosts)
            playbook = bench.roundsman.playbook("one", [f"- {{ name: t1, run: {TASK} }}"])
            slow = not bench.quick
            yield Contest(
                f"S1/{hosts}",
                f"connect + one command, {hosts} hosts",
                [
                    bench.roundsman.run(playbook, inventory),
                    *tools(lab, hosts, TASK),
                    *bench.peers(lab, "s1", hosts, slow=slow, tasks=[TASK], barrier=False),
                    bound_of_a_lane(lab, hosts, bench),
                ],
                results=hosts,
            )


def bound_of_a_lane(lab, hosts, bench):
    """The least that a connection to be kept costs: plain ssh as a master, in it a shell that reads from another."""
    listed, words, sockets = lab.write_names(hosts), bench.path("bound.in"), bench.path("m")
    with open(words, "w", encoding="utf-8") as file:
        file.write(f"token\n{TASK}\nbye\n")
    os.makedirs(sockets, exist_ok=True)
    reader = 'read t; while IFS= read -r l; do case $l in bye) exit;; *) printf "%s\\n" "$l";; esac; done'
    lane = shlex.quote(f"exec /bin/sh -c '{{ {reader}; }} | sh'")
    one = f"{shlex.join(lab.ssh())} -M -S {sockets}/$0 -o ControlPersist=no $0 {lane} < {words}"
    return Contender("bound: ssh -M, a shell fed by another", ["sh", "-c", f"xargs -a {listed} -P 32 -n 1 sh -c {shlex.quote(one)} > $TURN/log"])


def bound_of_work(name, hosts, times, command):
    """What the hosts' own work takes on this machine, which is all of them: a shell for each."""
    loop = f"i=0; while [ $i -lt {times} ]; do {command}; i=$((i+1)); done > /dev/null"
    return Contender(name, ["sh", "-c", f"h=0; while [ $h -lt {hosts} ]; do (exec sh -c '{loop}') & h=$((h+1)); done; wait"])


def s2(bench):
    """Twenty tasks in sequence on fifty hosts, from when all have run `true`: a program each, and what the shell does by itself."""
    hosts = 50
    with Lab(bench.target, hosts) as lab:
        inventory = bench.path("s2.yml")
        lab.write_inventory(inventory, hosts)
        playbook = bench.roundsman.playbook("twenty", twenty(), barrier=True)
        contenders = [
            bench.roundsman.run(playbook, inventory),
            *bench.peers(lab, "s2", hosts, slow=not bench.quick, tasks=TWENTY),
            bound_of_work("bound: the programs alone, in 50 local shells", hosts, 20, TASK),
        ]
        if not bench.quick:
            contenders += [tool for tool in tools(lab, hosts, TASK, times=20) if tool.name not in WIDTHS]
        yield Contest("S2", f"20 tasks × 50 hosts (`{TASK}`), warm", contenders, measure="warm", results=hosts * 20)
        builtin = "echo hello"
        playbook = bench.roundsman.playbook("builtin", [f"- {{ name: t{n}, run: {builtin} }}" for n in range(20)], barrier=True)
        contenders = [
            bench.roundsman.run(playbook, inventory),
            *bench.peers(lab, "s2b", hosts, slow=False, tasks=[builtin] * 20),
        ]
        yield Contest("S2/echo", f"20 tasks × 50 hosts (`{builtin}`), warm", contenders, measure="warm", results=hosts * 20)


# One width of xargs is enough where each turn takes half a minute.
WIDTHS = {"xargs -P8 ssh", "xargs -P32 ssh"}


def s3(bench):
    """The same tasks far away: ten hosts, 50 ms there and back."""
    hosts = 10
    with Lab(bench.target, hosts, delay_ms=25) as lab:
        inventory = bench.path("s3.yml")
        lab.write_inventory(inventory, hosts)
        playbook = bench.roundsman.playbook("twenty", twenty(), barrier=True)
        peers = bench.peers(lab, "s3", hosts, slow=not bench.quick, tasks=TWENTY)
        yield Contest(
            "S3",
            "20 tasks × 10 hosts at 50 ms, warm",
            [bench.roundsman.run(playbook, inventory), *peers],
            measure="warm",
            results=hosts * 20,
        )
        yield trips(bench, inventory, hosts, 50)
    # Of so long a trip, what ten hosts compute is a small part.
    if not bench.quick:
        with Lab(bench.target, hosts, delay_ms=150) as lab:
            lab.write_inventory(inventory, hosts)
            yield trips(bench, inventory, hosts, 300)


def trips(bench, inventory, hosts, milliseconds):
    """How many round trips' time twenty tasks take, from when the connection is authenticated or the lane is open."""
    known = [f"- {{ name: t{n}, run: echo hello }}" for n in range(20)]
    first = bench.roundsman.run(bench.roundsman.playbook("known", known), inventory, "known ahead, lane opened")
    opened = bench.roundsman.run(bench.roundsman.playbook("opened", known, barrier=True), inventory, "known ahead, lane open")
    chain = ["- { name: t1, run: echo hello }"]
    chain += [f"- {{ name: t{n}, run: 'echo {{{{ tasks.t{n - 1}.stdout }}}}' }}" for n in range(2, 21)]
    chained = bench.roundsman.run(bench.roundsman.playbook("chain", chain), inventory, "each needs the one before")
    return Contest(
        f"S3/trips at {milliseconds} ms",
        f"20 tasks × {hosts} hosts, in round trips of {milliseconds} ms",
        [in_trips(first, milliseconds), in_trips(opened, milliseconds, "warm"), in_trips(chained, milliseconds)],
        measure="trips",
        unit="round trips",
        results=hosts * 20,
    )


def in_trips(contender, milliseconds, part="from_master"):
    account = contender.account

    def counted(folder, output):
        measures = account(folder, output)
        return measures | {"trips": measures[part] / (milliseconds / 1000)}

    contender.account = counted
    return contender


def twenty():
    return [f"- {{ name: t{n}, run: {TASK} }}" for n in range(1, 21)]


# What the kernel has at hand, and what lies on a disk.
READS = {
    "S4": ["/proc/uptime", "/proc/loadavg", "/proc/version"],
    "S4/files": ["/etc/passwd", "/etc/group", "/etc/services"],
}


def s4(bench):
    """Three reads at once, ten times, on fifty hosts, over what was opened once."""
    hosts = 50
    with Lab(bench.target, hosts) as lab:
        inventory = bench.path("s4.yml")
        lab.write_inventory(inventory, hosts)
        for name, files in READS.items():
            tasks = []
            for turn in range(10):
                reads = ", ".join(f"{{ name: r{turn}_{n}, read: {path} }}" for n, path in enumerate(files))
                tasks.append(f"- parallel: [{reads}]")
            playbook = bench.roundsman.playbook("reads", tasks, barrier=True)
            contenders = [bench.roundsman.run(playbook, inventory), *bench.peers(lab, "s4", hosts, reads=files, rounds=10)]
            contenders.append(bound_of_work("for comparison: `cat` alone, in 50 local shells", hosts, 30, f"cat {files[0]}"))
            yield Contest(name, f"3 parallel reads × 10 × 50 hosts (`{files[0]}` …), warm", contenders, measure="warm", results=hosts * 30)


def s5(bench):
    """What recording costs: many short results, with a record and without one."""
    hosts, count = (50, 40) if bench.quick else (50, 200)
    tasks = [f"- {{ name: t{n}, run: echo line }}" for n in range(count)]
    playbook = bench.roundsman.playbook("lines", tasks, barrier=True)
    with Lab(bench.target, hosts) as lab:
        inventory = bench.path("s5.yml")
        lab.write_inventory(inventory, hosts)
        contenders = with_and_without(bench, playbook, inventory, hosts * count)
        yield Contest("S5/ssh", f"{hosts * count} one-line results, {hosts} ssh hosts", contenders, results=hosts * count)
    inventory = bench.path("local.yml")
    with open(inventory, "w", encoding="utf-8") as file:
        file.write("hosts:\n" + "".join(f"  l{n}: {{ connect: {{ transport: local }} }}\n" for n in range(10)))
    contenders = with_and_without(bench, playbook, inventory, 10 * count)
    yield Contest("S5/local", f"{10 * count} one-line results, no ssh", contenders, results=10 * count)


def with_and_without(bench, playbook, inventory, results):
    def counted(folder, output):
        measures = account_of_record(folder, output)
        return measures | {"per_second": measures["results"] / measures["warm"]}

    # What leaves nothing tells by its exit code alone that there were as many.
    nothing = {"more": ["--without-record"], "account": lambda *_: {"results": results}}
    return [bench.roundsman.run(playbook, inventory, "recorded", account=counted), bench.roundsman.run(playbook, inventory, "without a record", **nothing)]


def s6(bench):
    """Check and plan of a big playbook."""
    sizes = [(1000, 200)] if bench.quick else [(1000, 200), (5000, 100), (10000, 100)]
    scripts = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "make-big")
    ansible = f"{bench.target}/peers/bin"
    for hosts, tasks in sizes:
        folder = bench.path(f"big-{hosts}")
        subprocess.run([scripts, str(hosts), str(tasks), folder], check=True)
        site, inventory = f"{folder}/ansible/site.yml", f"{folder}/ansible/inventory.yml"
        contenders = [
            bench.roundsman.other("roundsman check", "check", f"{folder}/roundsman/site.yml"),
            bench.roundsman.other("roundsman plan", "plan", f"{folder}/roundsman/site.yml"),
        ]
        if hosts == 1000:
            contenders += [
                Contender("ansible-playbook --list-tasks", [f"{ansible}/ansible-playbook", "--list-tasks", "-i", inventory, site]),
                Contender("ansible-inventory --list", [f"{ansible}/ansible-inventory", "-i", inventory, "--list"]),
            ]
        yield Contest(f"S6/{hosts}", f"check and plan, {hosts} hosts × {tasks} tasks", contenders)


def s7(bench):
    """A hundred megabytes: as a task's output, and copied to ten hosts."""
    megabytes, hosts = (20, 4) if bench.quick else (100, 10)
    data = bench.path("data")
    with open(data, "wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(1 << 20))
    there = bench.path("there")
    os.makedirs(there, exist_ok=True)

    def empty():
        for name in os.listdir(there):
            os.remove(f"{there}/{name}")

    with Lab(bench.target, hosts) as lab:
        one, all_of_them = bench.path("s7-one.yml"), bench.path("s7.yml")
        lab.write_inventory(one, 1)
        lab.write_inventory(all_of_them, hosts)
        cat = f"{shlex.join(lab.ssh())} {lab.addresses[0]} cat {data}"
        output = bench.roundsman.playbook("output", [f"- {{ name: much, run: cat {data} }}"])
        yield Contest(
            "S7/output",
            f"{megabytes} MB of output from one task",
            [
                bench.roundsman.run(output, one, account=bytes_recorded),
                Contender("ssh cat", ["sh", "-c", f"{cat} > $TURN/data"], account=bytes_of_cat),
                Contender("bound: ssh cat, hashed", ["sh", "-c", f"{cat} | tee $TURN/data | sha256sum"], account=bytes_of_cat),
            ],
            results=megabytes << 20,
        )
        copy = f"- {{ name: copy, copy: {{ src: {data}, dest: '{there}/{{{{ host.name }}}}' }} }}"
        scp = shlex.join(["scp", "-q", *scp_options(lab)])
        listed = " ".join(lab.addresses)
        line = f"printf '%s\\n' {listed} | xargs -P {hosts} -I{{}} {scp} {data} {lab.user}@{{}}:{there}/{{}}"
        ours = bench.roundsman.run(bench.roundsman.playbook("copy", [copy]), all_of_them, account=partial(account_of_record, text=False))
        # What a copy that can be trusted takes: the digest to compare with, and the bytes on the disk before the file has its name.
        synced = f"sha256sum {data} && {line} && sync {there}/*"
        contenders = [ours, Contender("scp", ["sh", "-c", line]), Contender("bound: scp, hashed and synced", ["sh", "-c", synced])]
        for contender in contenders:
            contender.prepare, contender.account = empty, whole_copies(contender.account, there, data)
        yield Contest("S7/copy", f"{megabytes} MB copied to each of {hosts} hosts", contenders, results=hosts)


def bytes_recorded(folder, output):
    measures = account_of_record(folder, output)
    with sqlite3.connect(f"{folder}/record.db") as record:
        [(measures["results"],)] = record.execute("SELECT sum(stdout_bytes) FROM attempt")
    return measures


def bytes_of_cat(folder, _):
    return {"results": os.path.getsize(f"{folder}/data")}


def whole_copies(account, there, data):
    """Counts the files that are as the one that was copied."""

    def counted(folder, output):
        measures = account(folder, output) if account else {}
        copies = [f"{there}/{name}" for name in os.listdir(there)]
        return measures | {"results": sum(filecmp.cmp(copy, data, shallow=False) for copy in copies)}

    return counted


def scp_options(lab):
    words = ["-F", lab.ssh_config, "-i", lab.key, "-P", str(lab.port), "-o", "BatchMode=yes"]
    for option in lab.ssh_options:
        words += ["-o", option]
    return words


def s8(bench):
    """Memory and processor time of the controller alone."""
    hosts = 50 if bench.quick else 200
    with Lab(bench.target, hosts) as lab:
        inventory = bench.path("s8.yml")
        lab.write_inventory(inventory, hosts)
        playbook = bench.roundsman.playbook("twenty", twenty(), barrier=True)
        peers = bench.peers(lab, "s8", hosts, slow=False, tasks=TWENTY)
        contenders = [bench.roundsman.run(playbook, inventory), *peers]
        title = f"largest process, and processor time, {hosts} hosts × 20 tasks"
        yield Contest(f"S8/{hosts}", title, contenders, measure="mb", unit="MB", results=hosts * 20, apart=True)


def s9(bench):
    """What it takes to start."""
    peers = f"{bench.target}/peers/bin"
    playbook = bench.roundsman.playbook("small", twenty())
    inventory = bench.path("small-hosts.yml")
    with open(inventory, "w", encoding="utf-8") as file:
        file.write('hosts: { "web[1-3]": {} }\n')
    yield Contest(
        "S9",
        "start-up",
        [
            bench.roundsman.other("roundsman --version", "--version"),
            bench.roundsman.other("roundsman check, small", "check", playbook, "-i", inventory),
            Contender("ansible --version", [f"{peers}/ansible", "--version"]),
            Contender("pyinfra --version", [f"{peers}/pyinfra", "--version"]),
        ],
    )


WORKS = {"S1": s1, "S2": s2, "S3": s3, "S4": s4, "S5": s5, "S6": s6, "S7": s7, "S8": s8, "S9": s9}
