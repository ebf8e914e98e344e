"""Floods a relay in every way that a stranger and a member can, one after another, while stations work through it."""

import resource
import sys
import tempfile

import control
import members
import strangers
from plant import Plant
from watch import Watch

MEBIBYTE = 1 << 20
BASE_BYTES = 64 * MEBIBYTE
PEER_BYTES = 4 * MEBIBYTE


def raise_descriptors(wanted):
    """Raises the limit of descriptors of this process and its children, and returns how many connections fit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit - 100


def print_row(*cells):
    print("%-34s %12s %9s %10s %8s %8s" % cells, flush=True)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    connections = min(5000, raise_descriptors(5200))
    failures = []
    with tempfile.TemporaryDirectory() as folder, Plant(folder) as plant:
        attacks = strangers.attacks(plant.port, connections) + members.attacks(plant)
        if not members.AVAILABLE:
            print("flood: pyzmq is not installed, so that no member attacks")
        print_row("attack", "sent", "peak MiB", "arrived", "p50 ms", "p99 ms")
        quiet = Watch(plant).run(None, seconds)
        print_row("none", "", *quiet.cells())
        for name, peers, attack in attacks:
            seen = Watch(plant).run(attack, seconds)
            print_row(name, seen.sent, *seen.cells())
            allowed = BASE_BYTES + PEER_BYTES * peers
            if seen.peak_bytes > allowed:
                failures.append("%s: %d MiB resident, at most %d are allowed"
                                % (name, seen.peak_bytes / MEBIBYTE, allowed / MEBIBYTE))
            if not plant.is_relay_running():
                failures.append("%s: the relay has ended\n%s" % (name, plant.log_end("relay")))
                break
            if seen.arrived < seen.written or seen.written == 0:
                failures.append("%s: %d of %d changes arrived" % (name, seen.arrived, seen.written))
        if plant.is_relay_running():
            print("turned away: %s" % plant.refusals())
    stock = control.stock_peak(seconds)
    if stock is None:
        print("flood: without pyzmq the library's own settings are not tried")
    else:
        print("the first attack on the library's own settings: %d MiB" % (stock / MEBIBYTE))
        if stock <= BASE_BYTES + PEER_BYTES:
            failures.append("the library's own settings bear the attack, so that this check shows nothing")
    for failure in failures:
        print("flood: %s" % failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
