"""pyinfra by its API, hosts not waiting for each other between operations."""

# As its command line does: without, one host is served after the other.
from gevent import monkey

monkey.patch_all()

from pyinfra.api import Config, Inventory, State, StringCommand
from pyinfra.api.connect import connect_all, disconnect_all
from pyinfra.api.operation import add_op
from pyinfra.api.operations import run_ops
from pyinfra.operations import server

from common import Work

work = Work()
data = {
    "ssh_user": work.user,
    "ssh_port": work.port,
    "ssh_key": work.key,
    "ssh_known_hosts_file": work.known_hosts,
    "ssh_config_file": work.ssh_config,
}
inventory = Inventory((work.hosts, data))
state = State(inventory=inventory, config=Config(PARALLEL=len(work.hosts)))
connect_all(state)
if work.barrier:
    ready = [state.pool.spawn(host.run_shell_command, StringCommand("true")) for host in inventory]
    if not all(greenlet.get()[0] for greenlet in ready):
        raise SystemExit("hosts failed")
    work.connected()
for task in work.tasks:
    add_op(state, server.shell, commands=[task], name=task)
run_ops(state, no_wait=True)
for host in inventory:
    work.results += state.get_results_for_host(host).success_ops
if len(state.failed_hosts) > 0:
    raise SystemExit("hosts failed")
work.done()
disconnect_all(state)
