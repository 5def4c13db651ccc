"""asyncssh: one task a session, an interactive shell."""

import asyncio
import sys

import asyncssh

import peer


async def session(sweep, device):
    async with asyncssh.connect(
        device["address"],
        port=device["port"],
        username=sweep.username,
        password=sweep.password,
        known_hosts=None,
        config=None,
        client_keys=None,
        agent_path=None,
        login_timeout=peer.TIMEOUT,
        connect_timeout=peer.TIMEOUT,
    ) as connection:
        shell = await connection.create_process(term_type="vt100", term_size=(511, 10000))
        prompt = (await until(shell, lambda text: text.endswith((">", "#")))).rpartition("\n")[2]
        for command in sweep.commands:
            shell.stdin.write(command + "\n")
            await until(shell, lambda text: text.endswith(prompt))
        shell.close()


async def until(shell, done):
    text = ""
    while not done(text):
        received = await shell.stdout.read(65536)
        if not received:
            raise EOFError("the device hung up")
        text += received
    return text


async def sweep_all(sweep):
    limit = asyncio.Semaphore(sweep.sessions)

    async def one(device):
        async with limit:
            try:
                await session(sweep, device)
                return True
            except Exception as error:  # Whatever the library raises: the device failed.
                print(f"{device['name']}: {error!r}", file=sys.stderr)
                return False

    return sum(await asyncio.gather(*map(one, sweep.devices)))


peer.measure(lambda sweep: asyncio.run(sweep_all(sweep)))
