"""The fold: who the members of a plant are, as a pure function of the roster logs held (05-roster §3 to §5)."""

from dataclasses import dataclass, field
from typing import Any, Iterator, NamedTuple, Protocol, TypeVar

from .acts import (
    Act, Admit, Close, Endpoints, Invite, Join, Lapse, Return, RosterBody, is_acceptable_member, is_acceptable_name,
)  # fmt: skip
from .fields import Hash, Ref, Replica
from .log import Genesis, Member

STATION, LIAISON, RELAY, ADMIN = range(4)
A = TypeVar("A", bound=NamedTuple)


class RosterLog(Protocol):
    """What the fold reads of a log: `bodies[n]` is None for the genesis and for what is invalid."""

    genesis: Genesis
    hashes: list[Hash]
    deps: list[tuple[Ref, ...]]
    bodies: list[Any]


class Node(NamedTuple):
    """An entry of a roster log."""

    log: Replica
    seq: int


class Issued(NamedTuple):
    """An act with the place where it stands and its author."""

    node: Node
    place: int
    author: "Standing"
    act: Any


@dataclass(frozen=True)
class Standing:
    """A member."""

    station: bytes
    member: Member
    depth: int
    admission: Node
    admission_hash: Hash
    log: Replica
    endpoints: tuple[str, ...] = ()
    is_lapsed: bool = False

    @property
    def rank(self) -> tuple[int, Hash]:
        return self.depth, self.admission_hash

    @property
    def writes_data(self) -> bool:
        return self.member.role != RELAY

    @property
    def is_admin(self) -> bool:
        """Whether it invites, admits, closes, lapses members and drops rows (§3)."""
        return self.member.role == ADMIN


class Graph:
    """The causal past within roster logs, which follows deps, predecessors and frontiers (§4)."""

    def __init__(self, logs: dict[Replica, RosterLog]):
        self.logs = logs
        self.pasts: dict[Node, dict[Replica, int]] = {}
        self.heights: dict[Node, int] = {}
        for replica, log in logs.items():
            for seq in range(len(log.hashes)):
                self._reach(Node(replica, seq))

    def _causes(self, node: Node) -> list[Node]:
        log = self.logs[node.log]
        refs = [*log.deps[node.seq]]
        if node.seq == 0:
            refs += [*log.genesis.predecessors, *log.genesis.frontier]
        held = [Node(ref.replica, ref.seq) for ref in refs if self.holds(ref)]
        return held + ([Node(node.log, node.seq - 1)] if node.seq else [])

    def holds(self, ref: Ref) -> bool:
        log = self.logs.get(ref.replica)
        return log is not None and ref.seq < len(log.hashes) and log.hashes[ref.seq][:16] == ref.prefix

    def _reach(self, node: Node) -> None:
        stack = [node]
        while stack:
            node = stack[-1]
            causes = self._causes(node)
            missing = [cause for cause in causes if cause not in self.pasts]
            if node in self.pasts or not missing:
                stack.pop()
                past: dict[Replica, int] = {}
                for cause in causes:
                    past[cause.log] = max(past.get(cause.log, -1), cause.seq)
                    for log, seq in self.pasts[cause].items():
                        past[log] = max(past.get(log, -1), seq)
                self.pasts[node] = past
                self.heights[node] = 1 + max((self.heights[cause] for cause in causes), default=-1)
            stack += missing

    def follows(self, later: Node, earlier: Node) -> bool:
        """Whether `earlier` is in the causal past of `later`."""
        return self.pasts[later].get(earlier.log, -1) >= earlier.seq

    def is_from(self, node: Node, admission: Node) -> bool:
        """Whether an entry is an admission or follows it: its acts are then those of the member (P2)."""
        return node == admission or self.follows(node, admission)

    def hash(self, node: Node) -> Hash:
        return self.logs[node.log].hashes[node.seq]

    def acts(self) -> Iterator[tuple[Node, int, bytes, Act]]:
        """All acts of valid bodies, with place and station."""
        for replica, log in self.logs.items():
            for seq, body in enumerate(log.bodies):
                for place, act in enumerate(body.acts if body else ()):
                    yield Node(replica, seq), place, log.genesis.station, act


@dataclass
class Roster:
    """The members, by station key and in the order of rank."""

    plant: bytes
    plant_name: str = ""
    members: dict[bytes, Standing] = field(default_factory=dict)

    def by_transport(self, key: bytes) -> list[Standing]:
        return [member for member in self.members.values() if member.member.transport == key]


def fold(plant: bytes, logs: dict[Replica, RosterLog]) -> Roster:
    """The roster that these logs make, in whatever order they came."""
    logs = {replica: log for replica, log in logs.items() if log.genesis.plant in (None, plant)}
    roster = Roster(plant)
    founder = founder_of(plant, logs)
    if founder is None:
        return roster
    roster.plant_name = logs[plant[:16]].genesis.founding.plant_name  # type: ignore[union-attr]
    folding = _Fold(plant, Graph(logs), founder)
    while folding.settle_depth():
        pass
    ranked = sorted(folding.members.values(), key=lambda member: member.rank)
    roster.members = {member.station: folding.completed(member) for member in ranked}
    return roster


def founder_of(plant: bytes, logs: dict[Replica, RosterLog]) -> Standing | None:
    """P1."""
    log = logs.get(plant[:16])
    if log is None or log.hashes[0] != plant or log.genesis.founding is None:
        return None
    founding, station = log.genesis.founding, log.genesis.station
    if founding.founder.role != ADMIN or not is_acceptable_name(founding.plant_name, is_plant=True):
        return None
    if not is_acceptable_member(founding.founder):
        return None
    return Standing(station, founding.founder, 0, Node(plant[:16], 0), plant, plant[:16])


class _Fold:
    def __init__(self, plant: bytes, graph: Graph, founder: Standing):
        self.plant, self.graph = plant, graph
        self.members = {founder.station: founder}
        self.depth = 0
        self.acts = list(graph.acts())

    def counting(self, kind: type, least_depth: int = 0) -> list[Issued]:
        """The acts of one kind that count as far as members are settled (P2)."""
        found = []
        for node, place, station, act in self.acts:
            author = self.members.get(station)
            if author and isinstance(act, kind) and author.is_admin and author.depth >= least_depth:
                if self.graph.is_from(node, author.admission):
                    found.append(Issued(node, place, author, act))
        return found

    def settle_depth(self) -> bool:
        """Settles the invitations issued by members of this depth; whether there is another one (P2)."""
        invitations: dict[bytes, list[Issued]] = {}
        for invite in self.counting(Invite, self.depth):
            invitations.setdefault(invite.act.key, []).append(invite)
        closes, admits = self.counting(Close), self.counting(Admit)
        joined: dict[bytes, Standing] = {}
        for key, invites in invitations.items():
            admitted = self._settle(key, invites, closes, admits)
            if admitted and (admitted.station not in joined or admitted.rank < joined[admitted.station].rank):
                joined[admitted.station] = admitted
        self.depth += 1
        self.members.update(joined)
        return bool(joined)

    def _candidates(self, key: bytes, invites: list[Issued]) -> list[Standing]:
        """P3."""
        found = []
        for replica, log in self.graph.logs.items():
            join = sole_join(log)
            if join is None or join.key != key or log.genesis.station in self.members:
                continue
            node = Node(replica, 1)
            invited = any(i.act.role == join.member.role and self.graph.follows(node, i.node) for i in invites)
            if invited and join.verifies(self.plant, log.genesis.station) and is_acceptable_member(join.member):
                station, depth = log.genesis.station, self.depth + 1
                found.append(Standing(station, join.member, depth, node, self.graph.hash(node), replica))
        return found

    def _settle(
        self, key: bytes, invites: list[Issued], closes: list[Issued], admits: list[Issued]
    ) -> Standing | None:
        candidates = self._candidates(key, invites)
        by_log = {candidate.log: candidate for candidate in candidates}
        naming = [
            admit for admit in admits
            if admit.act.replica in by_log and self.graph.follows(admit.node, by_log[admit.act.replica].admission)
        ]  # fmt: skip
        if naming:
            # P5: that of the smallest rank, and of one author's the latest.
            rank = min(admit.author.rank for admit in naming)
            last = max((a for a in naming if a.author.rank == rank), key=self._lateness)
            return by_log[last.act.replica]
        left = [
            candidate for candidate in candidates
            if all(self.graph.follows(c.node, candidate.admission) for c in closes if c.act.key == key)
        ]  # fmt: skip
        if len({candidate.station for candidate in left}) != 1:
            return None
        return min(left, key=lambda candidate: candidate.admission_hash)

    def _lateness(self, issued: Issued) -> tuple[int, Hash, int]:
        return self.graph.heights[issued.node], self.graph.hash(issued.node), issued.place

    def completed(self, member: Standing) -> Standing:
        """With its endpoints (P8), and whether it is lapsed (P10)."""
        stated, returns = [], []
        for node, place, station, act in self.acts:
            if station == member.station and self.graph.is_from(node, member.admission):
                if isinstance(act, Endpoints) and are_endpoints(act.endpoints):
                    stated.append(Issued(node, place, member, act))
                elif isinstance(act, Return):
                    returns.append(node)
        latest = max(stated, key=lambda issued: (issued.act.counter, *self._lateness(issued)), default=None)
        is_lapsed = any(
            lapse.act.station == member.station
            and lapse.author.station != member.station
            and not any(self.graph.follows(node, lapse.node) for node in returns)
            for lapse in self.counting(Lapse)
        )
        endpoints = latest.act.endpoints if latest else ()
        return Standing(**{**member.__dict__, "endpoints": endpoints, "is_lapsed": is_lapsed})


def sole_join(log: RosterLog) -> Join | None:
    """The join of a log whose entry 1 contains exactly one."""
    body: RosterBody | None = log.bodies[1] if len(log.bodies) > 1 else None
    joins = [act for act in body.acts if isinstance(act, Join)] if body else []
    return joins[0] if len(joins) == 1 else None


def are_endpoints(endpoints: tuple[str, ...]) -> bool:
    """P8."""
    return len(endpoints) <= 8 and all(
        1 <= len(e) <= 255 and all("!" <= character <= "~" for character in e) for e in endpoints
    )


def recognised(plant: bytes, logs: dict[Replica, RosterLog]) -> set[Replica]:
    """The logs that everybody stores (P9)."""
    if founder_of(plant, logs) is None:
        return set()
    graph = Graph({replica: log for replica, log in logs.items() if log.genesis.plant in (None, plant)})
    # Whether a recognised log may invite: the role is the log's, and passes to the one that continues it.
    found = {plant[:16]: True}
    while True:
        rights = {name: _right(plant, name, graph, found) for name in graph.logs if name not in found}
        fresh = {name: right for name, right in rights.items() if right is not None}
        if not fresh:
            return set(found)
        found |= fresh


def _right(plant: bytes, name: Replica, graph: Graph, found: dict[Replica, bool]) -> bool | None:
    """Whether a log may invite, or None if it is not recognised as far as these logs are found."""
    genesis, join = graph.logs[name].genesis, sole_join(graph.logs[name])
    rights = [
        found[ref.replica] for ref in genesis.predecessors
        if graph.holds(ref) and ref.replica in found and graph.logs[ref.replica].genesis.station == genesis.station
    ]  # fmt: skip
    if join and join.verifies(plant, genesis.station) and is_acceptable_member(join.member):
        invites = (node for node, _, _, act in graph.acts() if _is_invite(act, join) and found.get(node.log))
        if any(graph.follows(Node(name, 1), node) for node in invites):
            rights.append(join.member.role == ADMIN)
    return any(rights) if rights else None


def _is_invite(act: Act, join: Join) -> bool:
    return isinstance(act, Invite) and (act.key, act.role) == (join.key, join.member.role)
