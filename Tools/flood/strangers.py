"""What a host without any key can do at a port."""

import errno
import os
import selectors
import socket
import time

# ZMTP 3.1 (RFC 37): signature, version, mechanism, as-server, filler.
GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x01" + b"CURVE".ljust(20, b"\0") + bytes(32)
# A command with a length of eight bytes.
LONG_COMMAND = b"\x06"
FRAME_BYTES = 300 << 20


def attacks(port, connections):
    """The attacks, each with its name and how many peers the relay has to have room for meanwhile."""
    peers = 2
    return [
        ("a frame of 300 MiB, no handshake", peers, lambda tally: one_frame(port, tally)),
        ("junk on 20 connections", peers, lambda tally: junk(port, 20, tally)),
        ("200 slow greetings", peers, lambda tally: trickle(port, 200, tally)),
        ("200 half-open handshakes", peers, lambda tally: half_open(port, 200, tally)),
        ("%d idle connections" % connections, peers, lambda tally: half_open(port, connections, tally, greeting=b"")),
    ]


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    return connection


def pour(connection, data, tally):
    """Sends until the other side closes or the data ends; false when it closed."""
    try:
        connection.sendall(data)
    except OSError:
        return False
    with tally.get_lock():
        tally.value += len(data)
    return True


def one_frame(port, tally):
    """Announces a frame of 300 MiB and sends it, again and again."""
    block = bytes(1 << 20)
    while True:
        try:
            with connect(port) as connection:
                pour(connection, GREETING + LONG_COMMAND + FRAME_BYTES.to_bytes(8, "big"), tally)
                for _ in range(FRAME_BYTES // len(block)):
                    if not pour(connection, block, tally):
                        break
        except OSError:
            time.sleep(0.01)


def junk(port, count, tally):
    """Sends random bytes over several connections as fast as they take them."""
    noise = os.urandom(1 << 16)
    keep_open(port, count, tally, lambda connection: connection.send(noise))


def trickle(port, count, tally):
    """Sends a greeting byte by byte, so slowly that it never ends."""
    position = {}

    def send_byte(connection):
        place = position.get(connection, 0)
        position[connection] = place + 1
        time.sleep(0.0005)
        return connection.send(GREETING[place % 60:place % 60 + 1])

    keep_open(port, count, tally, send_byte)


def keep_open(port, count, tally, send):
    """Keeps connections open and has `send` called whenever one takes bytes."""
    selector = selectors.DefaultSelector()
    while True:
        while len(selector.get_map()) < count:
            try:
                connection = connect(port)
            except OSError:
                break
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_WRITE)
        for key, _ in selector.select(0.1):
            try:
                sent = send(key.fileobj)
                with tally.get_lock():
                    tally.value += sent
            except BlockingIOError:
                pass
            except OSError:
                selector.unregister(key.fileobj)
                key.fileobj.close()


def half_open(port, count, tally, greeting=GREETING):
    """Opens connections, greets at most, and waits; opens others in place of those that are closed."""
    selector = selectors.DefaultSelector()
    while True:
        while len(selector.get_map()) < count:
            try:
                connection = connect(port)
                connection.sendall(greeting)
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.EADDRNOTAVAIL):
                    raise
                break
            selector.register(connection, selectors.EVENT_READ)
            with tally.get_lock():
                tally.value += 1
        for key, _ in selector.select(0.01):
            try:
                if key.fileobj.recv(1024):
                    continue
            except OSError:
                pass
            selector.unregister(key.fileobj)
            key.fileobj.close()
