"""rmote: Python on the hosts, its calls over one ssh each."""

import asyncio

from rmote.protocol import Protocol
from rmote.tools import Exec, FileSystem

from common import Work


async def main():
    work = Work()
    options = ["-F", work.ssh_config]
    for option in work.ssh_options:
        options += ["-o", option]

    limit = asyncio.Semaphore(32)

    async def connect(host):
        async with limit:
            protocol = await Protocol.from_ssh(
                host, user=work.user, port=work.port, identity=work.key, python="/usr/bin/python3", ssh_options=options
            )
            await protocol.__aenter__()
            return protocol

    async def serve(remote):
        for task in work.tasks:
            work.result((await remote(Exec.shell, task, capture_output=True)).stdout)
        for _ in range(work.rounds if work.reads else 0):
            for text in await asyncio.gather(*(remote(FileSystem.read_str, path) for path in work.reads)):
                work.result(text)

    async def ready(host):
        remote = await connect(host)
        if work.barrier:
            await remote(Exec.shell, "true", capture_output=True)
        else:
            await serve(remote)
        return remote

    remotes = await asyncio.gather(*(ready(host) for host in work.hosts))
    if work.barrier:
        work.connected()
        await asyncio.gather(*(serve(remote) for remote in remotes))
    work.done()
    await asyncio.gather(*(remote.__aexit__(None, None, None) for remote in remotes))


asyncio.run(main())
