"""Looks on while an attack goes on: what the relay's memory grows to, and what gets through it."""

import multiprocessing
import statistics
import threading
import time


class Watch:
    """One attack, and what was seen meanwhile."""

    def __init__(self, plant):
        self.plant = plant
        self.written = 0
        self.arrived = 0
        self.latencies = []
        self.peak_bytes = 0
        self.sent = ""

    def run(self, attack, seconds):
        """Has `attack(tally)` run in a process of its own for so long, where `tally` counts bytes or connections."""
        tally = multiprocessing.Value("q", 0)
        attacker = multiprocessing.Process(target=attack, args=(tally,), daemon=True) if attack else None
        end = threading.Event()
        sampler = threading.Thread(target=self.sample, args=(end,))
        sampler.start()
        if attacker:
            attacker.start()
        try:
            self.work(time.monotonic() + seconds)
        finally:
            if attacker:
                attacker.kill()
                attacker.join()
                count = tally.value
                self.sent = "%d MiB" % (count >> 20) if count > 100_000 else "%d" % count
            end.set()
            sampler.join()
        return self

    def work(self, deadline):
        while time.monotonic() < deadline:
            changes = self.plant.report()
            written = time.monotonic()
            self.written += 1
            if self.plant.arrives(changes, written + 20):
                self.arrived += 1
                self.latencies.append((time.monotonic() - written) * 1000)

    def sample(self, end):
        while not end.wait(0.02):
            try:
                self.peak_bytes = max(self.peak_bytes, self.plant.relay_memory())
            except OSError:
                return

    def cells(self):
        latencies = sorted(self.latencies)
        p50 = "%.0f" % statistics.median(latencies) if latencies else "-"
        p99 = "%.0f" % latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))] if latencies else "-"
        return "%.1f" % (self.peak_bytes / (1 << 20)), "%d of %d" % (self.arrived, self.written), p50, p99
