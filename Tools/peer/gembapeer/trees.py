"""Roster logs as trees of entries (02-change §10), and the paths that the fold hears (05-roster P22)."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Iterable, NamedTuple

from . import branches
from .acts import RosterBody
from .encoding import Malformed
from .fields import Hash, Ref, Replica, need
from .log import NO_HASH, ROSTER, Genesis, Link, Run, Unverified, verify
from .roster import Node, RosterLog


@dataclass
class Path:
    """A longest sequence of entries of which each is the only one that hangs on the one before."""

    genesis: Genesis
    first: int
    before: Node | None
    hashes: list[Hash] = field(default_factory=list)
    deps: list[tuple[Ref, ...]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)


class Held(NamedTuple):
    """An entry whose history and deps are held."""

    link: Link
    lamport: int
    body: RosterBody | None


class Trees:
    """The roster entries that runs hold, in whatever order they come. Inside, an entry has the id of its log: R."""

    def __init__(self, plant: bytes):
        self.plant = plant
        self.geneses: dict[Replica, Genesis] = {}
        self.links: dict[Ref, tuple[Link, Ref | None]] = {}
        self.held: dict[Ref, Held] = {}
        self.hanging: defaultdict[Ref | None, list[Ref]] = defaultdict(list)
        self.ids: dict[Replica, Replica] = {}

    def take_up(self, runs: Iterable[Run]) -> None:
        """Takes up what runs hold of this plant, entry by entry, for they may answer each other (D1)."""
        waiting = list(runs)
        while ready := [run for run in waiting if run.first == 0 or self._before(run) in self.links]:
            waiting = [run for run in waiting if run not in ready]
            for run in ready:
                self._link(run)
        while fresh := [ref for ref in self.links if ref not in self.held and self._is_ready(ref)]:
            for ref in fresh:
                self._hold(ref)

    def find(self, ref: Ref) -> Ref | None:
        """The entry that a reference names, by any name of its log (K5)."""
        named = ref._replace(replica=self.ids.get(ref.replica, ref.replica))
        return named if named in self.held else None

    def paths(self) -> dict[Replica, RosterLog]:
        """All paths by their names."""
        found: dict[Replica, RosterLog] = {}
        begun: list[tuple[Ref, Node | None]] = [(ref, None) for ref in self.hanging[None]]
        for ref, before in begun:
            path = Path(self.geneses[ref.replica], ref.seq, before)
            name = branches.name(ref.replica, self.held[ref].link.hash) if before else ref.replica
            following = [ref]
            while len(following) == 1:
                link, _, body = self.held[following[0]]
                path.hashes.append(link.hash)
                path.deps.append(link.entry.deps)
                path.bodies.append(body)
                following = self.hanging.get(following[0], [])
            found[name] = path
            begun += [(first, Node(name, first.seq - 1)) for first in following]
        return found

    @staticmethod
    def _before(run: Run) -> Ref:
        return Ref(run.replica, run.first - 1, run.previous)

    def _link(self, run: Run) -> None:
        """Verifies a run behind what it continues (07-sync S28)."""
        before = self._before(run) if run.first else None
        genesis, previous = (self.geneses[run.replica], self.links[before][0].hash) if before else (None, NO_HASH)
        try:
            genesis, links = verify(run, self.plant, previous, genesis)
        except Unverified:
            return  # A log of another plant, for one.
        if genesis.kind == ROSTER:
            self.geneses[run.replica] = genesis
            for seq, link in enumerate(links, run.first):
                ref = Ref(run.replica, seq, link.hash[:16])
                self.links[ref] = link, before
                before = ref

    def _is_ready(self, ref: Ref) -> bool:
        link, before = self.links[ref]
        return (before is None or before in self.held) and all(map(self.find, link.entry.deps))

    def _hold(self, ref: Ref) -> None:
        link, before = self.links[ref]
        causes = [self.held[cause].lamport for cause in (before, *map(self.find, link.entry.deps)) if cause]
        lamport = 1 + max(causes, default=-1)
        body = _body(link, before, lamport) if before else None
        self.held[ref] = Held(link, lamport, body)
        self.hanging[before].append(ref)
        if before and len(self.hanging[before]) > 1:
            self.ids |= {branches.name(ref.replica, self.held[r].link.hash): ref.replica for r in self.hanging[before]}


def _body(link: Link, before: Ref, lamport: int) -> RosterBody | None:
    """The body of an entry, or None where it is invalid."""
    try:
        body = RosterBody.decode(link.entry.content(before.replica, before.seq + 1, NO_HASH, None))
        need(body.lamport == lamport, "B5: another lamport number")
    except Malformed:
        return None
    return body
