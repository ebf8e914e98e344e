"""Gives random histories to a real station over the wire, and compares what both make of them.

A digest that differs is a question to the specification first, and then to both programs.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .acts import Token
from .body import Body
from .histories import History, give
from .log import DATA
from .node import Dialled, Node
from .plant import PATIENCE, Folder
from .station import Station


class Plant:
    """A gemba station that runs, and authors in this process: one of them an admin, who may drop rows."""

    def __init__(self, binaries: Path, path: Path, authors: int):
        self.folder, self.path = Folder(binaries, path), path
        self.gemba = self.folder.station("a")
        self.gemba.call("init", "--plant", "Differential", "--station", "A")
        self.gemba.start()
        self.authors = [self.join(f"P{number}", "admin" if number == 0 else "station") for number in range(authors)]

    def join(self, name: str, role: str) -> Station:
        printed = self.gemba.call("invite", "--role", role, "--name", name, "--endpoint", self.gemba.endpoint)
        station = Station.join(self.path / name, Token.parse(printed), None)
        node = self.node(station)
        deadline = time.monotonic() + PATIENCE
        # Who is admitted is given the keys of the plant's epochs soon afterwards.
        while not (is_admitted := node.agree(deadline) and station.replica.newest_epoch(is_usable=True) is not None):
            if time.monotonic() > deadline:
                break
        if not is_admitted:
            raise RuntimeError(f"{name} was not admitted, or was given no key")
        node.close()
        return station

    def node(self, station: Station) -> Node:
        return Node(station, [], [Dialled(endpoint, key) for endpoint, key in station.routes()])

    def compare(self, station: Station) -> str | None:
        """What differs between a station of this process and gemba, or None."""
        ours, theirs = station.replica.state().digest().hex(), self.gemba.digest()
        return None if ours == theirs else f"digest {ours} here, {theirs} there"

    def compare_quarantine(self) -> str | None:
        """Whether both leave the same number of changes without effect, sealed ones among them."""
        logs = self.authors[0].replica.of_kind(DATA).values()
        ours = sum(not isinstance(body, Body) for log in logs for body in log.bodies[1:])
        theirs = self.gemba.status()["quarantined"]
        return None if ours == theirs else f"{ours} changes are without effect here, {theirs} there"


def check(plant: Plant, node: Node, seed: int, kinds: Counter[str]) -> str | None:
    """What is wrong after one history, or None."""
    history = History(seed, plant.authors)
    history.run()
    kinds.update(history.kinds)
    carrier = plant.authors[0]
    for author in plant.authors[1:]:
        give(author.replica, carrier.replica, sys.maxsize)
    if not node.agree(time.monotonic() + PATIENCE):
        return "the vectors are not equal in time"
    # The digest is what gemba tells us here; what it tells its peers must be the same.
    return plant.compare(carrier) or node.rows_differ(time.monotonic() + PATIENCE)


def check_newcomer(plant: Plant) -> str | None:
    """Whether a peer that gets everything from the station, in its order, comes to the same."""
    return plant.compare(plant.join(f"Late{secrets.token_hex(2)}", "station"))


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


def check_plant(plant: Plant, seeds: list[int], kinds: Counter[str]) -> tuple[int, str | None]:
    """How many histories were compared in one plant, and what is wrong, if anything."""
    node = plant.node(plant.authors[0])
    for count, seed in enumerate(seeds, 1):
        if fault := check(plant, node, seed, kinds):
            return count, f"seed {seed}: {fault}"
    node.close()
    return len(seeds), check_newcomer(plant) or plant.compare_quarantine()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, required=True, help="the folder of gemba")
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="that of the first history")
    parser.add_argument("--authors", type=int, default=4)
    parser.add_argument("--each", type=int, default=50, help="histories in one plant")
    parser.add_argument("--logs", type=int, default=0, help="at last, compare vectors of so many logs")
    parser.add_argument("--keep", action="store_true", help="keep the folders of plants that disagree")
    arguments = parser.parse_args()
    print(f"seeds {arguments.seed} to {arguments.seed + arguments.histories - 1}", flush=True)
    kinds: Counter[str] = Counter()
    seeds = list(range(arguments.seed, arguments.seed + arguments.histories))
    faults = done = 0
    while seeds:
        path = Path(tempfile.mkdtemp(prefix="differential-"))
        plant = Plant(arguments.binaries, path, arguments.authors)
        try:
            count, fault = check_plant(plant, seeds[: arguments.each], kinds)
            seeds = seeds[count:]
            if not seeds and arguments.logs and not fault:
                fault = check_many_logs(plant, arguments.logs) or check_newcomer(plant)
        finally:
            plant.folder.end()
        done += count
        faults += fault is not None
        print(f"{done} histories: {fault or 'agreed'}; {plant.gemba.call('verify').splitlines()[-1]}", flush=True)
        if fault is None or not arguments.keep:
            shutil.rmtree(path)
        else:
            print(f"kept in {path}", file=sys.stderr)
    print(", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    print(f"{done} histories, {faults} disagreements")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
