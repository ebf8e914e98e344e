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
TABLE = 900
"""A table that no gemba station has in its schema."""


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
        sub = [rest.pop(0)] if command in ("ticket", "member", "bundle") else []
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


class Writer:
    """Makes changes with a peer of this package."""

    def __init__(self, program: Program):
        self.program = program

    def change(self, *operations: dict[str, Any]) -> None:
        line = json.dumps({"by": "py", "because": "a check", "operations": operations}, ensure_ascii=False)
        self.program.call("write", given=line + "\n")

    def insert(self) -> str:
        """A row with a group of every kind."""
        row = secrets.token_hex(16)
        effects = [
            {"group": 1, "kind": "register", "values": ["press 4", 3, 2.5, None, {"bytes": "00ff"}]},
            {"group": 2, "kind": "set", "add": ["red", 7]},
            {"group": 3, "kind": "increment", "delta": 5},
            {"group": 4, "kind": "text", "at": 0, "insert": "現場 hello"},
            {"group": 5, "kind": "fact", "values": ["made", 1]},
        ]
        self.change({"table": TABLE, "row": row, "verb": "insert", "effects": effects})
        return row

    def edit(self, row: str, mark: str) -> None:
        effects = [
            {"group": 1, "kind": "register", "values": [mark]},
            {"group": 2, "kind": "set", "add": [mark, "red"], "remove": [7]},
            {"group": 3, "kind": "base" if mark.endswith("counted") else "increment", **(
                {"value": 40} if mark.endswith("counted") else {"delta": -2})},
            {"group": 4, "kind": "text", "at": 2, "remove": 1, "insert": mark},
        ]  # fmt: skip
        self.change({"table": TABLE, "row": row, "verb": "edit", "effects": effects})

    def bulk(self, count: int, length: int) -> None:
        """Rows whose bytes no compression makes fewer."""
        for _ in range(count):
            effect = {"group": 1, "kind": "register", "values": [{"bytes": secrets.token_hex(length)}]}
            self.change({"table": TABLE, "row": secrets.token_hex(16), "verb": "insert", "effects": [effect]})

    def delete(self, row: str) -> None:
        self.change({"table": TABLE, "row": row, "verb": "delete"})

    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.program.call("rows").splitlines()]

    def relabel(self, title: str, label: str) -> None:
        """Edits a ticket that gemba wrote: another title, and a label beside those that it has."""
        for table, row, _, groups in self.rows():
            titles = [g for g, family, state in groups if family == 0 and state[-1][2:] == [title]]
            labels = [g for g, family, _ in groups if family == 1]
            if titles and labels:
                return self.change({"table": table, "row": row["bytes"], "verb": "edit", "effects": [
                    {"group": titles[0], "kind": "register", "values": [f"{title}, says {label}"]},
                    {"group": labels[0], "kind": "set", "add": [label]},
                ]})  # fmt: skip
        raise Failed(f"no ticket is called {title!r}")


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

    def later(self, name: str) -> Program:
        return self._make(name, [sys.executable, "-m", "gembapeer.later"])

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
