"""Ansible with pipelining; with `mitogen` behind the work's file, by Mitogen's strategy."""

import json
import os
import subprocess
import sys
import tempfile
import time

from common import Work

work = Work()
mitogen = "mitogen" in sys.argv[2:]
began = time.time()
with tempfile.TemporaryDirectory() as folder:
    hosts = {
        host: {"ansible_host": host, "ansible_port": work.port, "ansible_user": work.user} for host in work.hosts
    }
    common = " ".join(f"-o {option}" for option in work.ssh_options)
    variables = {
        "ansible_ssh_private_key_file": work.key,
        "ansible_ssh_common_args": f"-F {work.ssh_config} {common}",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    if mitogen:
        # It builds its own ssh command line, without the common arguments' -F.
        variables["ansible_ssh_common_args"] = common
    with open(f"{folder}/inventory.json", "w", encoding="utf-8") as file:
        json.dump({"all": {"hosts": hosts, "vars": variables}}, file)
    plays = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.command": task} for task in work.tasks]}]
    if work.barrier:
        plays.insert(0, {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.command": "true"}]})
    with open(f"{folder}/site.yml", "w", encoding="utf-8") as file:
        json.dump(plays, file)
    here = os.path.dirname(os.path.abspath(__file__))
    environment = dict(
        os.environ,
        ANSIBLE_CONFIG=f"{folder}/none.cfg",
        ANSIBLE_CALLBACK_PLUGINS=f"{here}/callback_plugins",
        ANSIBLE_STDOUT_CALLBACK="stamp",
        ANSIBLE_PIPELINING="True",
        ANSIBLE_HOST_KEY_CHECKING="True",
        ANSIBLE_FORKS=str(min(50, len(work.hosts))),
        # In the turn's folder, whose leftovers are ended: its masters stay for a minute.
        ANSIBLE_SSH_CONTROL_PATH_DIR=f"{os.environ['TURN']}/cp",
        ANSIBLE_LOCAL_TEMP=f"{folder}/tmp",
        STAMP_BEGAN=str(began),
    )
    if mitogen:
        import ansible_mitogen

        environment["ANSIBLE_STRATEGY_PLUGINS"] = os.path.join(os.path.dirname(ansible_mitogen.__file__), "plugins", "strategy")
        environment["ANSIBLE_STRATEGY"] = "mitogen_linear"
    program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    ended = subprocess.run([program, "-i", f"{folder}/inventory.json", f"{folder}/site.yml"], env=environment, check=False)
raise SystemExit(ended.returncode)
