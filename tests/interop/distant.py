# SPDX-License-Identifier: MIT OR Apache-2.0
"""A server of TCP made distant: a proxy in front of it, each byte through which takes its time."""
import asyncio
import threading


class Distant(threading.Thread):
    """Listens at `host`, port `port`, for the server at port `target` there. `delay`: seconds for
    each way; to connect takes both."""

    def __init__(self, host, target, delay):
        super().__init__(daemon=True)
        self.host, self.target, self.delay = host, target, delay
        self.loop = asyncio.new_event_loop()
        self.tasks = set()
        self.server = self.loop.run_until_complete(asyncio.start_server(self._serve, host, 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.start()

    def run(self):
        self.loop.run_forever()

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        there = None
        try:
            connected = self.loop.time() + 2 * self.delay
            there_reader, there = await asyncio.open_connection(self.host, self.target)
            await asyncio.gather(self._carry(reader, there, connected),
                                 self._carry(there_reader, writer, connected))
        except OSError:
            pass  # an end has gone
        for each in filter(None, (there, writer)):
            each.close()
        self.tasks.discard(task)

    async def _carry(self, reader, writer, since):
        """What comes, each piece after the delay; nothing leaves before `since`."""
        waiting = asyncio.Queue()

        async def hand_on():
            while True:
                due, piece = await waiting.get()
                await asyncio.sleep(due - self.loop.time())
                if not piece:
                    writer.write_eof()
                    return
                writer.write(piece)
                await writer.drain()

        sender = asyncio.create_task(hand_on())
        piece = b" "
        while piece:
            piece = await reader.read(65536)
            waiting.put_nowait((max(self.loop.time(), since) + self.delay, piece))
        await sender

    def close(self):
        def stop():
            self.server.close()
            for task in self.tasks:
                task.cancel()
            self.loop.call_later(0.1, self.loop.stop)
        self.loop.call_soon_threadsafe(stop)
        self.join()
