"""A plant of two stations that meet at a relay, and a third station whose keys the attacker has."""

import json
import os
import random
import sqlite3
import subprocess
import time


class Plant:
    """Real processes on this computer; `with` starts and ends them."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = os.environ["GEMBA_BIN"]
        self.port = random.randint(20000, 30000)
        self.endpoint = "tcp://127.0.0.1:%d" % self.port
        self.processes = {}

    def data(self, machine):
        return os.path.join(self.folder, machine)

    def run(self, machine, *arguments, program="gemba", text=None):
        """Runs a command on a machine to its end and returns what it prints."""
        command = [os.path.join(self.bin, program), *arguments, "--data", self.data(machine)]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (" ".join(arguments), done.stderr.strip()))
        return done.stdout

    def start(self, machine, *arguments, program="gemba"):
        log = open(self.data(machine) + ".log", "ab")
        command = [os.path.join(self.bin, program), "run", "--data", self.data(machine), *arguments]
        self.processes[machine] = subprocess.Popen(command, stderr=log, stdout=log)

    def join(self, machine, role="station", program="gemba", through="office"):
        token = self.run("office", "invite", "--role", role, "--name", machine, "--endpoint", through)
        self.run(machine, "join", program=program, text=token)

    def __enter__(self):
        try:
            self.found()
        except BaseException:
            self.__exit__()
            raise
        return self

    def found(self):
        door = "tcp://127.0.0.1:%d" % (self.port + 1)
        self.run("office", "init", "--plant", "Flood", "--station", "OFFICE")
        self.start("office", "--listen", door, "--peer", self.endpoint)
        for machine, role, program in [
                ("relay", "relay", "gemba-relay"), ("line", "station", "gemba"), ("thief", "station", "gemba")]:
            self.join(machine, role, program, through=door)
        self.start("relay", "--listen", self.endpoint, "--peer", door, program="gemba-relay")
        self.start("line", "--peer", self.endpoint)
        first = self.report()
        if not self.arrives(first, time.monotonic() + 60):
            raise RuntimeError("the stations do not meet at the relay")
        relay = json.loads(self.run("relay", "status", "--json", program="gemba-relay"))
        self.relay_key = bytes.fromhex(relay["transportKey"])
        self.plant_id = bytes.fromhex(relay["plantID"])
        self.thief_key = bytes.fromhex(json.loads(self.run("thief", "status", "--json"))["stationKey"])

    def __exit__(self, *_):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    # What the stations do.

    def report(self):
        """Reports a ticket at the line and returns how many changes there are then."""
        self.run("line", "report", "written under fire", "--at", "L3", "--by", "ewa")
        return self.changes("line")

    def changes(self, machine):
        """How many changes a machine holds, read from its file without disturbing it."""
        path = "file:%s/replica.sqlite?mode=ro" % self.data(machine)
        database = sqlite3.connect(path, uri=True, timeout=10)
        try:
            return database.execute("SELECT sum(sequence) FROM gemba_replica WHERE kind = 0").fetchone()[0] or 0
        finally:
            database.close()

    def arrives(self, changes, deadline):
        """Whether the office holds so many changes before a deadline."""
        while time.monotonic() < deadline:
            if self.changes("office") >= changes:
                return True
            time.sleep(0.005)
        return False

    # What becomes of the relay.

    def is_relay_running(self):
        return self.processes["relay"].poll() is None

    def log_end(self, machine):
        with open(self.data(machine) + ".log", errors="replace") as log:
            return "".join(log.readlines()[-30:])

    def relay_memory(self, field="VmRSS"):
        with open("/proc/%d/status" % self.processes["relay"].pid) as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        return 0

    def refusals(self):
        status = json.loads(self.run("relay", "status", "--json", program="gemba-relay"))
        return ", ".join("%d %s" % (count, what) for what, count in status["refused"].items())
