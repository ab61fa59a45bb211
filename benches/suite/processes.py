"""Processes of a turn: their processor time told apart, and the end of those that outlive it."""

import os
import threading

import psutil

# Between two looks, in seconds.
LOOK = 0.05


class Watch:
    """Looks at a process and all its descendants until told to end."""

    def __init__(self, pid):
        self.root = psutil.Process(pid)
        self.seen = {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.over.wait(LOOK):
            try:
                family = [self.root, *self.root.children(recursive=True)]
                self.seen |= {process.pid: used(process.pid) for process in family if process.name() != "ssh"}
            except (psutil.Error, OSError):
                # One of them ended just then.
                continue

    def end(self):
        """Seconds of processor of all that are no ssh client, as far as they were seen."""
        self.over.set()
        self.thread.join()
        return {"own_cpu": sum(self.seen.values())}


def used(pid):
    """Seconds of processor of a process; finer than its ticks of 10 ms, more than many an ssh takes."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def end_those_of(folder):
    """Ends what still runs and names the folder of a turn, as ssh masters do in which their sockets stand."""
    left = []
    for process in psutil.process_iter(["cmdline"]):
        if any(folder in word for word in process.info["cmdline"] or []):
            left.append(process)
    for process in left:
        try:
            process.terminate()
        except psutil.Error:
            continue
    for process in psutil.wait_procs(left, timeout=2)[1]:
        try:
            process.kill()
        except psutil.Error:
            continue
