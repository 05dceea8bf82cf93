# SPDX-License-Identifier: MIT OR Apache-2.0
"""A UDP relay on loopback that loses datagrams and changes its port: the network between two."""
import random
import selectors
import socket
import threading


class Relay(threading.Thread):
    """Stands before `target`: dial `addr` instead. `loss` is the share lost, each way."""

    def __init__(self, target, loss=0.0, seed=0):
        super().__init__(daemon=True)
        self.target = target
        self.loss = loss
        self.dice = random.Random(seed)
        self.lost = self.passed = 0
        self.selector = selectors.DefaultSelector()
        self.front = self._socket(None)
        self.backs = {}  # by client: the socket from which the target hears him
        self.wishes = []
        self.alarm, wake = socket.socketpair()
        self.selector.register(wake, selectors.EVENT_READ, "alarm")
        self.is_over = False
        self.addr = self.front.getsockname()
        self.start()

    def _socket(self, client):
        """A socket that carries what comes for `client` back to him."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        self.selector.register(made, selectors.EVENT_READ, client)
        return made

    def _pass(self, sender, datagram, to):
        if self.dice.random() < self.loss:
            self.lost += 1
            return
        self.passed += 1
        try:
            sender.sendto(datagram, to)
        except OSError:
            pass  # nobody listens there any more

    def _receive(self, key):
        try:
            datagram, source = key.fileobj.recvfrom(65536)
        except OSError:
            return  # an ICMP error of something sent before
        if key.data is None:
            if source not in self.backs:
                self.backs[source] = self._socket(source)
            self._pass(self.backs[source], datagram, self.target)
        else:
            self._pass(self.front, datagram, key.data)

    def _rebind(self):
        for client, back in list(self.backs.items()):
            self.selector.unregister(back)
            back.close()
            self.backs[client] = self._socket(client)

    def run(self):
        while not self.is_over:
            for key, _ in self.selector.select():
                if key.data == "alarm":
                    key.fileobj.recv(1)
                    for wish in self.wishes[:]:
                        self.wishes.remove(wish)
                        wish()
                else:
                    self._receive(key)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()

    def _wish(self, wish):
        self.wishes.append(wish)
        self.alarm.send(b"!")

    def rebind(self):
        """From now on the target hears each client from another port, as when a NAT forgets."""
        self._wish(self._rebind)

    def close(self):
        def stop():
            self.is_over = True
        self._wish(stop)
        self.join()
        self.alarm.close()
