"""
TLS in front of a PostgreSQL server: the server of the tests is built without it.

It answers the request for TLS as a server does, or speaks TLS from the first byte, and passes on
what is inside. The handshake, the certificates and the alerts are real ones.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_WANTS_TLS = (8).to_bytes(4) + (80877103).to_bytes(4)


@asynccontextmanager
async def tls_front(
    port: int, context: ssl.SSLContext, *, direct: bool = False
) -> AsyncIterator[int]:
    """
    Serve TLS on a port, and return it, for a server that listens on another.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if not direct:
                if await reader.readexactly(8) != _WANTS_TLS:
                    writer.close()
                    return
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
            back, forth = await asyncio.open_connection("127.0.0.1", port)
            for source, sink in ((reader, forth), (back, writer)):
                task = asyncio.create_task(pass_on(source, sink))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context if direct else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
