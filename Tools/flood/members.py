"""What somebody can do who has the keys of a member."""

import os
import time

import frames

try:
    import zmq
    from zmq.utils import z85
except ImportError:
    zmq = None

AVAILABLE = zmq is not None and zmq.has("curve")

ROSTER, DATA = 1, 0


def attacks(plant):
    """The attacks, each with its name and how many peers the relay has to have room for meanwhile."""
    if not AVAILABLE:
        return []
    peers = 3
    return [
        ("member: greatest frames", peers, lambda tally: greatest_frames(Thief(plant, tally))),
        ("member: batches without truth", peers, lambda tally: false_batches(Thief(plant, tally))),
        ("member: a round a frame", peers, lambda tally: rounds(Thief(plant, tally))),
        ("member: asks and never reads", peers, lambda tally: deaf(Thief(plant, tally))),
        ("member: hello and good-bye", peers, lambda tally: comings_and_goings(Thief(plant, tally))),
    ]


class Thief:
    """A link with a member's keys, and nothing of its manners."""

    def __init__(self, plant, tally):
        self.plant = plant
        self.tally = tally
        with open(plant.data("thief") + "/keys/station.key", "rb") as file:
            self.secret = z85.encode(frames.decode(file.read())[2])
        self.context = zmq.Context()
        self.socket = None

    def dial(self, queue=4):
        """Makes a new link and greets; returns when the relay has greeted, or has not for a while."""
        if self.socket is not None:
            self.socket.close(0)
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.curve_secretkey = self.secret
        self.socket.curve_publickey = zmq.curve_public(self.secret)
        self.socket.curve_serverkey = z85.encode(self.plant.relay_key)
        self.socket.sndhwm = self.socket.rcvhwm = queue
        self.socket.reconnect_ivl = -1
        self.socket.linger = 0
        self.socket.sndtimeo = 500
        self.socket.connect(self.plant.endpoint)
        self.session = os.urandom(8)
        self.rounds = {}
        self.send_bytes(b"")
        self.send(frames.hello(self.session, self.plant.plant_id, self.plant.thief_key))

    def send(self, frame):
        return self.send_bytes(frames.encode(frame))

    def send_bytes(self, data):
        """Sends; false when the link takes nothing any more."""
        try:
            self.socket.send(data)
        except zmq.Again:
            return False
        with self.tally.get_lock():
            self.tally.value += len(data)
        return True

    def settle(self):
        """Says what the relay says of both kinds of log, so that it takes the thief for level; false when it does not."""
        end = time.monotonic() + 5
        while DATA not in self.rounds and time.monotonic() < end:
            if not self.socket.poll(200):
                continue
            data = self.socket.recv()
            frame = frames.decode(data) if data else [None]
            if frame[0] == 1:
                _, _, kind, number, digest, count = frame
                self.rounds[kind] = number
                self.send(frames.root(self.session, kind, number, digest, count))
            elif frame[0] == 6:
                return False
        return DATA in self.rounds


def greatest_frames(thief):
    """Frames of a megabyte that decode and say nothing new, as fast as the link takes them."""
    while True:
        thief.dial()
        data = frames.encode(frames.batch(thief.session, DATA, 7, 0, (1 << 20) - 300))
        while thief.send_bytes(data):
            pass


def false_batches(thief):
    """Batches that are the next of their round, within the credit, and whose entries are none."""
    while True:
        thief.dial()
        if not thief.settle():
            continue
        offset, size = 0, 250 << 10
        for _ in range(8):
            if not thief.send(frames.batch(thief.session, DATA, thief.rounds[DATA], offset, size)):
                break
            offset += size
        time.sleep(0.02)


def rounds(thief):
    """Opens rounds without end, each with a claim of another vector."""
    while True:
        thief.dial()
        if not thief.settle():
            continue
        number = thief.rounds[DATA]
        while True:
            number += 1
            if not thief.send(frames.root(thief.session, DATA, number, os.urandom(16), 30_000)):
                break


def deaf(thief):
    """Asks for as much as it can, and does not read a word of it."""
    while True:
        thief.dial(queue=1)
        if not thief.settle():
            continue
        number = thief.rounds[DATA]
        while True:
            number += 1
            if not thief.send(frames.root(thief.session, DATA, number, os.urandom(16), 30_000)):
                break
            if not thief.send(frames.questions(thief.session, DATA, number, 5000)):
                break


def comings_and_goings(thief):
    """Shakes hands, greets and leaves, again and again."""
    while True:
        thief.dial()
        thief.socket.poll(50)
