"""parallel-ssh (libssh2 and gevent)."""

from pssh.clients import ParallelSSHClient

from common import Work

work = Work()
client = ParallelSSHClient(work.hosts, user=work.user, port=work.port, pkey=work.key, pool_size=len(work.hosts), allow_agent=False)
# It connects at the first command.
if work.barrier:
    for output in client.run_command("true"):
        list(output.stdout)
    work.connected()
for task in work.tasks:
    for output in client.run_command(task):
        work.result("".join(output.stdout))
work.done()
