"""Real programs in folders of their own, for checks: gemba stations, a relay, and peers of this package."""

import json
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PATIENCE = 240.0
"""Debug programs on a busy machine are slow; nothing here depends on how slow."""


class Failed(Exception):
    """A check has not seen what it should."""


class Program:
    """A data folder and the program that serves it; the commands of all three have the same shape."""

    def __init__(self, name: str, words: list[str], folder: Path):
        self.name, self.words, self.folder = name, words, folder
        self.data = folder / name
        self.endpoint = f"tcp://127.0.0.1:{20000 + secrets.randbelow(12000)}"
        self.daemon: subprocess.Popen[bytes] | None = None
        self.has_rows = True
        self.log = (folder / f"{name}.log").open("ab")

    def call(self, *words: str, given: str = "", status: int = 0) -> str:
        """The standard output of a command, which must end with a status."""
        command, *rest = words
        sub = [rest.pop(0)] if command in ("ticket", "member") else []
        done = subprocess.run(
            [*self.words, command, *sub, "--data", self.data, *rest],
            input=given, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        if done.returncode != status:
            raise Failed(f"{self.name}: {' '.join(words)}: status {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout.strip()

    def start(self, *peers: "Program") -> None:
        """Serves the folder, and dials these."""
        dialled = [word for peer in peers for word in ("--peer", peer.endpoint)]
        command = [*self.words, "run", "--data", str(self.data), "--listen", self.endpoint, *dialled]
        self.daemon = subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def stop(self, kill: bool = False) -> None:
        """Ends the daemon, with its goodbyes or at once."""
        if self.daemon:
            self.daemon.kill() if kill else self.daemon.terminate()
            try:
                self.daemon.wait(30)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
            self.daemon = None

    def digest(self) -> str:
        return self.call("digest")

    def root(self) -> str:
        """The digest of the data logs that it holds (07-sync §1)."""
        return self.call("root") if self.words[0] == sys.executable else self.call("digest", "--logs")

    def status(self) -> dict[str, Any]:
        """What a gemba station says of itself."""
        return json.loads(self.call("status", "--json"))


class Folder:
    """Makes programs below one folder, and ends them all."""

    def __init__(self, binaries: Path, folder: Path):
        self.binaries, self.folder = binaries, folder
        self.programs: list[Program] = []

    def _make(self, name: str, words: list[str]) -> Program:
        self.programs.append(Program(name, words, self.folder))
        return self.programs[-1]

    def station(self, name: str) -> Program:
        return self._make(name, [str(self.binaries / "gemba")])

    def relay(self, name: str) -> Program:
        relay = self._make(name, [str(self.binaries / "gemba-relay")])
        relay.has_rows = False
        return relay

    def peer(self, name: str) -> Program:
        return self._make(name, [sys.executable, "-m", "gembapeer"])

    def end(self) -> None:
        for program in self.programs:
            program.stop()

    def tails(self) -> str:
        """The ends of all logs, for whoever has to find out."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text()[-1500:]}" for log in logs)


def agree(what: str, programs: list[Program]) -> None:
    """Waits until all hold the same logs, and have one digest of rows where they have rows: a relay reads none."""
    deadline = time.monotonic() + PATIENCE
    while True:
        roots = {program.name: program.root() for program in programs}
        digests = {program.name: program.digest() for program in programs if program.has_rows}
        if len(set(roots.values())) == len(set(digests.values())) == 1:
            print(f"{what}: {len(programs)} programs agree on {digests.popitem()[1][:16]}", flush=True)
            return
        if time.monotonic() > deadline:
            raise Failed(f"{what}: logs {roots}, rows {digests}")
        time.sleep(0.5)
