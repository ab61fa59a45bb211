"""Processes of a turn: their processor time told apart, and the end of those that outlive it."""

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
            except psutil.Error:
                continue
            for process in family:
                try:
                    with process.oneshot():
                        used = process.cpu_times()
                        self.seen[process.pid] = (process.name(), used.user + used.system)
                except psutil.Error:
                    continue

    def end(self):
        """Seconds of processor, those of ssh clients apart, as far as they were seen."""
        self.over.set()
        self.thread.join()
        ssh = sum(used for name, used in self.seen.values() if name == "ssh")
        return {"own_cpu": sum(used for _, used in self.seen.values()) - ssh, "ssh_cpu": ssh}


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
