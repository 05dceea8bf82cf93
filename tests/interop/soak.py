# SPDX-License-Identifier: MIT OR Apache-2.0
"""The soak: hours of mixed chatter of C and Rust nodes in several topics, while nodes are killed,
leave, come back, and change topics.

It goes in rounds: a change, a wait until all links stand, some chatter in the middle of which a
node may be killed, and the account: each message has reached everybody who was in its topic from
before it was sent until the round's end, once. The C nodes that stay to the end must not grow.

Environment: DTT_SEED, a number; without it each run is another one, and says its seed.
"""
import collections
import os
import pathlib
import random
import statistics
import time

import harness
from gossip_level import LARGEST, UNEVEN
from world import Failure, Links, Room, check

TOPICS = ("alpha", "beta", "gamma")
STAYING = 2  # nodes of each kind that are never killed and are in all topics
CHANGING = 3  # places of each kind that are taken by one node after the other
RATE = 3  # messages a second
SETTLE = 180  # seconds; a killed neighbour is missed after 30
PATIENCE = 90  # seconds until a Rust node that is alone is told to join again
REMEMBERED = 6  # rounds after which a message is forgotten here
SAMPLE = 5  # seconds between looks at the memory
GROWTH = 1.1  # resident memory of the last quarter over that of the second, at most
SLACK_KIB = 512
REPORT = pathlib.Path("build/log/soak.log")


class Node:
    """A process, and what is known of it in each topic; its events are read once and dropped."""

    def __init__(self, soak, kind, name):
        self.kind = kind
        self.name = name
        start = soak.world.c_rooms if kind == "c" else soak.world.rust_rooms
        self.process = start(name)
        self.rooms = {}
        self.links = collections.defaultdict(set)
        self.heard = collections.Counter()
        self.memory = []

    @property
    def id(self):
        return self.process.id

    def join(self, topic, others):
        self.rooms[topic] = Room(self.process, topic)
        self.rooms[topic].join(*(other.process for other in others))

    def leave(self, topic):
        self.rooms.pop(topic).leave()
        self.forget(topic)

    def forget(self, topic):
        self.links[topic].clear()
        for message in [message for message in self.heard if message[0] == topic]:
            del self.heard[message]

    def read(self):
        """Takes note of all new events."""
        with self.process.changed:
            events, self.process.events[:] = self.process.events[:], [
                event for event in self.process.events[:20] if event["event"] == "listening"]
        for event in events:
            topic, kind = event.get("topic"), event["event"]
            if topic not in self.rooms:
                continue
            if kind == "message":
                self.heard[topic, event["text"]] += 1
            elif kind == "neighbor_up":
                self.links[topic].add(event["endpoint_id"])
            elif kind == "neighbor_down":
                self.links[topic].discard(event["endpoint_id"])
            elif kind == "left":
                self.forget(topic)
            check(kind not in ("lagged", "not json"), f"{self.name}: {event}")

    def is_up(self):
        return self.process.popen.poll() is None


class Soak:
    def __init__(self, world, seconds, seed):
        self.world = world
        self.dice = random.Random(seed)
        self.end = time.monotonic() + seconds
        self.seconds = seconds
        self.nodes = []
        self.staying = []
        self.said = {}  # what, and how many rounds ago
        self.count = collections.Counter()
        self.n_nodes = 0

    def say(self, text):
        at = time.monotonic() - (self.end - self.seconds)
        with open(REPORT, "a") as log:
            print(f"{at:7.1f} {text}", file=log)

    def in_topic(self, topic):
        return [node for node in self.nodes if topic in node.rooms]

    def add(self, kind, topics):
        self.n_nodes += 1
        node = Node(self, kind, f"{kind}{self.n_nodes}")
        for topic in topics:
            self.enter(node, topic)
        self.nodes.append(node)
        self.say(f"{node.name} comes, in {' '.join(topics)}")
        return node

    def enter(self, node, topic):
        """The newcomer is told of one who stays and of two others."""
        there = self.in_topic(topic)
        others = [other for other in self.staying if other in there][:1]
        others += self.dice.sample(there, min(2, len(there)))
        node.join(topic, list(dict.fromkeys(others)))

    def links_in(self, topic, without=None):
        return Links([node for node in self.in_topic(topic) if node is not without],
                     lambda node: node.links[topic])

    def read(self):
        for node in self.nodes:
            check(node.is_up(), f"{node.name} ended by itself")
            node.read()
        for node in self.staying:
            if not node.memory or time.monotonic() > node.memory[-1][0] + SAMPLE:
                node.memory.append((time.monotonic(), node.process.proc("VmRSS")))

    def settle(self):
        """Until links known at both ends join all in each topic; those known at one end only are
        waited for a moment, and counted by the kinds of their ends.
        """
        start = time.monotonic()
        rescued = set()
        while True:
            self.read()
            links = {topic: self.links_in(topic) for topic in TOPICS}
            uneven = [pair for each in links.values() for pair in each.uneven]
            waited = time.monotonic() - start
            if all(each.is_one() for each in links.values()) and (not uneven or waited > UNEVEN):
                break
            for topic, each in links.items():
                if waited > PATIENCE and topic not in rescued and not each.is_one():
                    rescued.add(topic)
                    self.rescue(topic, each)
            check(waited < SETTLE * harness.SLOW, f"not one swarm: {self.picture()}")
            time.sleep(0.2)
        for one, other in uneven:
            self.count[f"uneven {one.kind}-{other.kind}"] += 1
            self.say(f"{one.name} knows {other.name}, who does not know it: {self.picture()}")

    def rescue(self, topic, links):
        """A Rust node that lost all its neighbours asks nobody any more: without a tracker it must
        be told whom to join. One that is alone starts the topic anew; ours must not need it.
        """
        for node in links.mutual:
            if node.kind == "rust" and not links.mutual[node]:
                self.say(f"{node.name} is alone in {topic} and joins again: {self.picture()}")
                self.count["rescued rust"] += 1
                node.leave(topic)
                self.enter(node, topic)

    def picture(self):
        names = {node.id: node.name for node in self.nodes}
        return {topic: {node.name: sorted(names.get(id, id[:6]) for id in node.links[topic])
                        for node in self.in_topic(topic)} for topic in TOPICS}

    def some_topics(self):
        return self.dice.sample(TOPICS, 2)

    def change(self):
        """Somebody is killed or leaves and another one comes; or goes from a topic to another."""
        what = self.dice.choice(["kill", "kill", "leave", "leave", "topic", "topic", "nothing"])
        node = self.dice.choice([node for node in self.nodes if node not in self.staying])
        self.count[what] += 1
        if what in ("kill", "leave"):
            self.remove(node, what)
            time.sleep(self.dice.choice([0, 1, 5]))
            self.fill()
        elif what == "topic":
            gone = self.dice.choice(sorted(node.rooms))
            node.leave(gone)
            self.say(f"{node.name} leaves {gone}")
            time.sleep(self.dice.choice([0, 1]))
            new = self.dice.choice([topic for topic in TOPICS if topic not in node.rooms])
            self.enter(node, new)
            self.say(f"{node.name} enters {new}")

    def remove(self, node, what):
        self.say(f"{node.name}: {what}")
        self.nodes.remove(node)
        if what == "kill":
            node.process.kill()
            node.process.wait_exit()
        else:
            node.process.leave()
        self.world.processes.remove(node.process)
        node.process.check_clean()

    def fill(self):
        """Takes the places that are free."""
        for kind in ("c", "rust"):
            while sum(node.kind == kind for node in self.nodes) < STAYING + CHANGING:
                self.add(kind, self.some_topics())

    def chatter(self):
        """Messages for a while; returns who must hear which."""
        duration = self.dice.uniform(15, 40)
        victim_at = self.dice.uniform(0.3, 0.7) * duration if self.dice.random() < 0.4 else None
        start, sent = time.monotonic(), []
        while time.monotonic() < start + duration:
            if victim_at is not None and time.monotonic() > start + victim_at:
                victim_at = None
                self.kill_in_the_middle()
            topic = self.dice.choice(TOPICS)
            speaker = self.dice.choice(self.in_topic(topic))
            size = self.dice.choice([0, 100, 1000, self.dice.randrange(LARGEST), LARGEST])
            text = f"{self.count['messages']} {speaker.name} ".ljust(size, ".")
            speaker.rooms[topic].send(text)
            sent.append((topic, text, speaker))
            self.said[topic, text] = 0
            self.count["messages"] += 1
            self.count["bytes"] += len(text)
            time.sleep(self.dice.expovariate(RATE))
            self.read()
        return sent

    def kill_in_the_middle(self):
        """Of a node without which all topics still hang together."""
        victims = [node for node in self.nodes if node not in self.staying and
                   all(self.links_in(topic, node).is_one() for topic in TOPICS)]
        if victims:
            self.count["kill while talking"] += 1
            self.remove(self.dice.choice(victims), "kill")

    def account(self, sent):
        """What was said by those who are still there has reached all who are still there."""
        here = set(self.nodes)
        wanted = [(node, topic, text) for topic, text, speaker in sent if speaker in here
                  for node in self.in_topic(topic) if node is not speaker]
        deadline = time.monotonic() + 30 * harness.SLOW
        missing = wanted
        while missing:
            self.read()
            missing = [(node, topic, text) for node, topic, text in missing
                       if not node.heard[topic, text]]
            if missing and time.monotonic() > deadline:
                node, topic, text = missing[0]
                raise Failure(f"{len(missing)} of {len(wanted)} not heard, first by {node.name} "
                              f"in {topic}: '{text[:30]}'; {self.picture()}")
            time.sleep(0.1)
        for node in self.nodes:
            strange = [text for (topic, text), times in node.heard.items()
                       if times > 1 or (topic, text) not in self.said]
            check(not strange, f"{node.name}: heard twice or never said: {strange[:1]}")
        # Nodes that come may still be given what was said in the last 30 seconds.
        for message, age in list(self.said.items()):
            self.said[message] = age + 1
            if age == REMEMBERED:
                del self.said[message]
                for node in self.nodes:
                    del node.heard[message]
        self.count["deliveries"] += len(wanted)

    def growth(self):
        """KiB of resident memory of each node that stayed: second and last quarter of the time."""
        found = {}
        for node in self.staying:
            begin, end = node.memory[0][0], node.memory[-1][0]
            quarters = [[kib for at, kib in node.memory
                         if n <= 4 * (at - begin) / (end - begin) <= n + 1] for n in (1, 3)]
            found[node.name] = [statistics.median(kibs) for kibs in quarters]
        return found

    def run(self):
        for kind in ("c", "rust") * STAYING:
            self.staying.append(self.add(kind, TOPICS))
        self.fill()
        self.settle()
        while time.monotonic() < self.end:
            self.change()
            self.settle()
            self.account(self.chatter())
            self.count["rounds"] += 1
            self.fill()
            self.settle()
            memory = {node.name: node.memory[-1][1] for node in self.staying}
            self.say(", ".join(f"{name} {n}" for name, n in self.count.items()) + f"; {memory}")
        growth = self.growth()
        self.say(f"resident KiB, second and last quarter: {growth}")
        for node in self.staying:
            early, late = growth[node.name]
            if node.kind == "c":
                check(late <= early * GROWTH + SLACK_KIB, f"{node.name} grows: {early} to {late}")
        for node in self.nodes:
            node.process.leave()
        return dict(self.count), growth


def soak(world, seconds):
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("")
    seed = int(os.environ.get("DTT_SEED", time.time_ns() % 2**32))
    run = Soak(world, seconds, seed)
    run.say(f"seed {seed}")
    try:
        count, growth = run.run()
    except Failure as error:
        run.say(f"FAILED: {error}")
        raise
    print(f"interop: soak: seed {seed}; {count}; resident KiB, second and last quarter: {growth}", flush=True)
