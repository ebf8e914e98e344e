"""The control: the same attack on a socket with the library's own settings."""

import multiprocessing
import os
import time

import strangers

try:
    import zmq
except ImportError:
    zmq = None


def stock_peak(seconds):
    """What the memory of a socket without limits grows to, in bytes; None where the library is not installed."""
    if zmq is None:
        return None
    port = multiprocessing.Value("i", 0)
    server = multiprocessing.Process(target=serve, args=(port,), daemon=True)
    server.start()
    while port.value == 0:
        time.sleep(0.01)
    tally = multiprocessing.Value("q", 0)
    attacker = multiprocessing.Process(target=strangers.one_frame, args=(port.value, tally), daemon=True)
    attacker.start()
    peak = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        peak = max(peak, resident(server.pid))
        time.sleep(0.02)
    for process in (attacker, server):
        process.kill()
        process.join()
    return peak


def serve(port):
    socket = zmq.Context().socket(zmq.ROUTER)
    _, secret = zmq.curve_keypair()
    socket.curve_server = True
    socket.curve_secretkey = secret
    port.value = socket.bind_to_random_port("tcp://127.0.0.1")
    while True:
        socket.recv_multipart()


def resident(process):
    with open("/proc/%d/statm" % process) as memory:
        return int(memory.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
