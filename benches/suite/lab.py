"""The hosts: a private sshd on loopback addresses, by the project's own `lab`, and what contenders are told of them."""

import json
import os
import re
import subprocess

KEX = "KexAlgorithms=curve25519-sha256"


class Lab:
    """So many hosts, `delay_ms` away each way; ends with the `with` that it stands in."""

    def __init__(self, target, hosts, delay_ms=0):
        self.words = [f"{target}/release/examples/lab", str(hosts)]
        if delay_ms:
            self.words += ["--delay", str(delay_ms)]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.inventory = self.process.stdout.readline().strip()
        if not self.inventory:
            raise SystemExit(f"benches/run: there is no lab: {self.process.stderr.read().strip()}")
        with open(self.inventory, encoding="utf-8") as file:
            self.text = file.read()
        self.folder = os.path.dirname(self.inventory)
        head, self.lines = self.text.split("hosts:\n")
        self.head = head
        self.lines = self.lines.splitlines()
        self.addresses = re.findall(r"address: ([0-9.]+)", self.text)
        self.port = int(re.search(r"port: (\d+)", head)[1])
        self.user = re.search(r"user: (\S+)", head)[1]
        self.key = f"{self.folder}/id"
        self.known_hosts = f"{self.folder}/known_hosts"
        self.ssh_config = f"{self.folder}/ssh_config"
        self.ssh_options = [
            f"UserKnownHostsFile={self.known_hosts}",
            "GlobalKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            KEX,
        ]
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def write_inventory(self, path, hosts):
        """Writes an inventory of the first hosts, for roundsman."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.head + "hosts:\n" + "\n".join(self.lines[:hosts]) + "\n")

    def write_names(self, hosts):
        """Writes the addresses of the first hosts, a line each, and says where."""
        path = f"{self.folder}/hosts-{hosts}.txt"
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.addresses[:hosts]) + "\n")
        return path

    def write_work(self, path, hosts, record, **work):
        """Writes what a peer's program is given: the first hosts, how to reach them, and the work."""
        told = {
            "hosts": self.addresses[:hosts],
            "port": self.port,
            "user": self.user,
            "key": self.key,
            "known_hosts": self.known_hosts,
            "ssh_config": self.ssh_config,
            "ssh_options": self.ssh_options,
            "record": record,
        }
        with open(path, "w", encoding="utf-8") as file:
            json.dump(told | work, file)

    def ssh(self):
        """The words of a plain ssh, up to the host."""
        words = ["ssh", "-F", self.ssh_config, "-i", self.key, "-p", str(self.port), "-l", self.user, "-o", "BatchMode=yes"]
        for option in self.ssh_options:
            words += ["-o", option]
        return words
