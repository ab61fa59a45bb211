"""What it was measured on: versions, processor, file system."""

import importlib.metadata
import os
import platform
import subprocess
import tempfile

LIBRARIES = ["asyncssh", "aiosqlite", "rmote", "parallel-ssh", "pyinfra", "ansible-core", "mitogen"]
TOOLS = {
    "OpenSSH": ["ssh", "-V"],
    "clush": ["clush", "--version"],
    "pdsh": ["pdsh", "-V"],
    "pssh": ["parallel-ssh", "--version"],
    "xargs": ["xargs", "--version"],
}


def describe(program):
    """A dictionary of words; what can't be told is left out."""
    told = {"roundsman": first_line([program, "--version"]).split()[-1]}
    for library in LIBRARIES:
        try:
            told[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    for name, words in TOOLS.items():
        line = first_line(words)
        if line:
            told[name] = line
    told["commit"] = first_line(["git", "describe", "--always", "--dirty"])
    filesystem = first_line(["stat", "-f", "-c", "%T", tempfile.gettempdir()])
    told |= {"system": platform.release(), "cores": os.cpu_count(), "processor": processor(), "files on": filesystem}
    return told


def first_line(words):
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()
