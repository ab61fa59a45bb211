"""asyncssh, each result written by aiosqlite as it comes."""

import asyncio

import aiosqlite
import asyncssh

from common import Work


async def main():
    work = Work()
    async with aiosqlite.connect(work.record) as record:
        await record.execute("PRAGMA journal_mode=WAL")
        await record.execute("PRAGMA synchronous=NORMAL")
        await record.execute("CREATE TABLE result (host TEXT, task INTEGER, code INTEGER, stdout TEXT, stderr TEXT)")

        async def take(host, task, done):
            work.result(done.stdout)
            await record.execute(
                "INSERT INTO result VALUES (?, ?, ?, ?, ?)", (host, task, done.exit_status, done.stdout, done.stderr)
            )
            await record.commit()

        async def connect(host):
            return await asyncssh.connect(
                host,
                work.port,
                username=work.user,
                client_keys=[work.key],
                known_hosts=work.known_hosts,
                config=None,
                kex_algs=["curve25519-sha256"],
            )

        async def serve(host, connection):
            for index, task in enumerate(work.tasks):
                await take(host, index, await connection.run(task))
            for turn in range(work.rounds if work.reads else 0):
                texts = await asyncio.gather(*(connection.run(f"cat {path}") for path in work.reads))
                for index, text in enumerate(texts):
                    await take(host, turn * len(work.reads) + index, text)

        # As many at once as the fastest needs; without a limit servers and the own machine are overrun.
        limit = asyncio.Semaphore(32)

        async def limited(host):
            async with limit:
                return await connect(host)

        connections = await asyncio.gather(*(limited(host) for host in work.hosts))
        work.connected()
        await asyncio.gather(*(serve(host, connection) for host, connection in zip(work.hosts, connections)))
        work.done()
        for connection in connections:
            connection.close()
        await asyncio.gather(*(connection.wait_closed() for connection in connections))


asyncio.run(main())
