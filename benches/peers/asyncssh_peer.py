"""asyncssh, results written by aiosqlite, as many in one transaction as have come."""

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

        rows = asyncio.Queue()

        async def write():
            over = False
            while not over:
                batch = [await rows.get()]
                while not rows.empty():
                    batch.append(rows.get_nowait())
                over = batch[-1] is None
                await record.executemany("INSERT INTO result VALUES (?, ?, ?, ?, ?)", [row for row in batch if row])
                await record.commit()

        def take(host, task, done):
            work.result(done.stdout)
            rows.put_nowait((host, task, done.exit_status, done.stdout, done.stderr))

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
                take(host, index, await connection.run(task))
            for turn in range(work.rounds if work.reads else 0):
                texts = await asyncio.gather(*(connection.run(f"cat {path}") for path in work.reads))
                for index, text in enumerate(texts):
                    take(host, turn * len(work.reads) + index, text)

        # As many at once as the fastest needs; without a limit servers and the own machine are overrun.
        limit = asyncio.Semaphore(32)

        async def ready(host):
            async with limit:
                connection = await connect(host)
            if work.barrier:
                await connection.run("true")
            else:
                await serve(host, connection)
            return connection

        writer = asyncio.create_task(write())
        connections = await asyncio.gather(*(ready(host) for host in work.hosts))
        if work.barrier:
            work.connected()
            await asyncio.gather(*(serve(host, connection) for host, connection in zip(work.hosts, connections)))
        rows.put_nowait(None)
        await writer
        work.done()
        for connection in connections:
            connection.close()
        await asyncio.gather(*(connection.wait_closed() for connection in connections))


asyncio.run(main())
