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
            async with asyncio.TaskGroup() as group:
                for source, sink in ((reader, there), (there_reader, writer)):
                    waiting = asyncio.Queue()
                    group.create_task(self._take(source, waiting, connected))
                    group.create_task(self._hand_on(waiting, sink))
        except* OSError:
            pass  # an end has gone
        finally:
            for each in filter(None, (there, writer)):
                each.close()
            self.tasks.discard(task)

    async def _take(self, reader, waiting, since):
        """What comes is due after the delay; nothing leaves before `since`."""
        piece = b" "
        while piece:
            piece = await reader.read(65536)
            waiting.put_nowait((max(self.loop.time(), since) + self.delay, piece))

    async def _hand_on(self, waiting, writer):
        while True:
            due, piece = await waiting.get()
            await asyncio.sleep(due - self.loop.time())
            if not piece:
                writer.write_eof()
                return
            writer.write(piece)
            await writer.drain()

    def close(self):
        def stop():
            self.server.close()
            for task in self.tasks:
                task.cancel()
            self.loop.call_later(0.1, self.loop.stop)
        self.loop.call_soon_threadsafe(stop)
        self.join()
