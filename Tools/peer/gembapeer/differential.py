"""Gives random histories to a real station over the wire, and compares what both make of them.

A digest that differs is a question to the specification first, and then to both programs.
"""

import argparse
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .acts import Token
from .histories import History, give
from .log import DATA
from .node import Dialled, Node
from .station import Station

PATIENCE = 180.0


class Plant:
    """A gemba station that runs, and authors in this process: one of them an admin, who may drop rows."""

    def __init__(self, gemba: Path, folder: Path, port: int, authors: int):
        self.gemba, self.folder, self.endpoint = gemba, folder, f"tcp://127.0.0.1:{port}"
        self.data = folder / "a"
        self._call("init", "--plant", "Differential", "--station", "A")
        self.log = (folder / "a.log").open("w")
        arguments = [gemba, "run", "--data", self.data, "--listen", self.endpoint]
        self.daemon = subprocess.Popen(arguments, stderr=self.log, stdout=self.log)
        self.authors = [self.join(f"P{number}", "admin" if number == 0 else "station") for number in range(authors)]
        self.epoch_key = secrets.token_bytes(32)

    def _call(self, *words: str) -> str:
        command = [self.gemba, words[0], "--data", self.data, *words[1:]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode:
            raise RuntimeError(f"gemba {words[0]}: {done.stderr}{done.stdout}")
        return done.stdout.strip()

    def join(self, name: str, role: str) -> Station:
        token = Token.parse(self._call("invite", "--role", role, "--name", name, "--endpoint", self.endpoint))
        station = Station.join(self.folder / name, token, None)
        node = self.node(station)
        if not node.agree(time.monotonic() + PATIENCE):
            raise RuntimeError(f"{name} was not admitted")
        node.close()
        return station

    def node(self, station: Station) -> Node:
        return Node(station, [], [Dialled(endpoint, key) for endpoint, key in station.routes()])

    def digest(self) -> str:
        return self._call("digest")

    def verify(self) -> str:
        return self._call("verify")

    def stop(self) -> None:
        self.daemon.terminate()
        try:
            self.daemon.wait(30)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
        self.log.close()


def check(plant: Plant, node: Node, seed: int, kinds: Counter[str]) -> str | None:
    """What is wrong after one history, or None."""
    history = History(seed, plant.authors, plant.epoch_key)
    history.run()
    kinds.update(history.kinds)
    carrier = plant.authors[0]
    for author in plant.authors[1:]:
        give(author, carrier, sys.maxsize)
    if not node.agree(time.monotonic() + PATIENCE):
        return "the vectors are not equal in time"
    ours, theirs = carrier.replica.state().digest().hex(), plant.digest()
    return None if ours == theirs else f"digest {ours} here, {theirs} there"


def check_newcomer(plant: Plant) -> str | None:
    """Whether a peer that gets everything from the station, in its order, comes to the same."""
    newcomer = plant.join("Late", "station")
    ours, theirs = newcomer.replica.state().digest().hex(), plant.digest()
    return None if ours == theirs else f"digest {ours} at the newcomer, {theirs} there"


def check_many_logs(plant: Plant, count: int) -> str | None:
    """Whether vectors of many logs are compared, of which many differ: digests, children, and V3's exception."""
    station = plant.join("Many", "station")
    with station.replica.store.transaction():
        station.replica.refresh()
        for incarnation in range(1, count + 1):
            station.open_incarnation(incarnation)
    node = plant.node(station)
    is_agreed = node.agree(time.monotonic() + PATIENCE)
    node.close()
    if not is_agreed or len(station.replica.vector(DATA)) < count:
        return f"{count} logs are not held in time"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gemba", type=Path, required=True, help="the program")
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="that of the first history")
    parser.add_argument("--authors", type=int, default=4)
    parser.add_argument("--each", type=int, default=50, help="histories in one plant")
    parser.add_argument("--keep", action="store_true", help="keep the folders of plants that disagree")
    arguments = parser.parse_args()
    print(f"seeds {arguments.seed} to {arguments.seed + arguments.histories - 1}", flush=True)
    kinds: Counter[str] = Counter()
    seed, end, faults = arguments.seed, arguments.seed + arguments.histories, 0
    while seed < end:
        folder = Path(tempfile.mkdtemp(prefix="differential-"))
        plant = Plant(arguments.gemba, folder, 20000 + secrets.randbelow(10000), arguments.authors)
        node = plant.node(plant.authors[0])
        fault = None
        for seed in range(seed, min(seed + arguments.each, end)):
            fault = check(plant, node, seed, kinds)
            if fault:
                print(f"seed {seed}: {fault}", flush=True)
                break
        node.close()
        fault = fault or check_newcomer(plant)
        plant.stop()
        verdict = plant.verify()
        print(f"{folder.name}: up to seed {seed}: {fault or 'agreed'}; {verdict.splitlines()[-1]}", flush=True)
        faults += fault is not None
        if fault is None or not arguments.keep:
            shutil.rmtree(folder)
        seed += 1
    print(", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    print(f"{arguments.histories} histories, {faults} disagreements")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
