"""The fold: who the members of a plant are, as a pure function of the roster logs held (05-roster §3 to §5)."""

from dataclasses import dataclass, field, replace
from typing import Any, Iterator, NamedTuple, Protocol, TypeVar

from . import keys
from .acts import (
    RETIRE, REVOKE, Act, Admit, Close, Endpoints, EpochAct, Invite, Join, Lapse, Policy, Reinstate, ReKey, Removal, Return,
    RosterBody, Wrap, is_acceptable_member, is_acceptable_name,
)  # fmt: skip
from .fields import Hash, Ref, Replica
from .log import Genesis, Member

STATION, LIAISON, RELAY, ADMIN = range(4)
A = TypeVar("A", bound=NamedTuple)
NOTHING = Ref(b"", -1, b"")


class RosterLog(Protocol):
    """What the fold reads of a log, or of a path of a forked one (P22): its entries from number `first` on, of which that one
    hangs on `before`. A body is None for the genesis and for what is invalid."""

    genesis: Genesis
    first: int
    before: "Node | None"
    hashes: list[Hash]
    deps: list[tuple[Ref, ...]]
    bodies: list[Any]


class Node(NamedTuple):
    """An entry of a roster log, under the name of its path (02-change K4)."""

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
    """A member, a former one, or the recovery key in the place of one, which nobody admitted."""

    station: bytes
    member: Member
    depth: int
    admission: Node | None
    admission_hash: Hash
    log: Replica
    endpoints: tuple[str, ...] = ()
    is_lapsed: bool = False
    sealing_keys: frozenset[bytes] = frozenset()

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
        self.ids = {name: self._id(name) for name in logs}
        self.hashes = {
            Node(name, seq): digest for name, log in logs.items() for seq, digest in enumerate(log.hashes, log.first)
        }
        self.nodes = {Ref(self.ids[node.log], node.seq, digest[:16]): node for node, digest in self.hashes.items()}
        self.numbers = {(ref.replica, ref.seq) for ref in self.nodes}
        self.pasts: dict[Node, dict[Replica, int]] = {}
        self.heights: dict[Node, int] = {}
        for node in self.hashes:
            self._reach(node)

    def _id(self, name: Replica) -> Replica:
        """R, the id of the log that has this path."""
        while before := self.logs[name].before:
            name = before.log
        return name

    def _causes(self, node: Node) -> list[Node]:
        log = self.logs[node.log]
        refs = [*log.deps[node.seq - log.first]]
        if node.seq == 0:
            refs += [*log.genesis.predecessors, *log.genesis.frontier]
        found = [cause for cause in map(self.find, refs) if cause]
        before = log.before if node.seq == log.first else Node(node.log, node.seq - 1)
        return found + ([before] if before else [])

    def find(self, ref: Ref) -> Node | None:
        """The entry that a reference names, by any name of its log (K5)."""
        log = self.ids.get(ref.replica)
        return self.nodes.get(ref._replace(replica=log)) if log else None

    def is_taken(self, ref: Ref) -> bool:
        """Whether an entry is held at this number of this log, on any path (P23)."""
        return (self.ids[ref.replica], ref.seq) in self.numbers

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

    def is_from(self, node: Node, admission: Node | None) -> bool:
        """Whether an entry is an admission or follows it: its acts are then those of the member (P2)."""
        return admission is None or node == admission or self.follows(node, admission)

    def ref(self, node: Node) -> Ref:
        return Ref(*node, self.hash(node)[:16])

    def hash(self, node: Node) -> Hash:
        return self.hashes[node]

    def acts(self) -> Iterator[tuple[Node, int, bytes, Act]]:
        """All acts of valid bodies, with place and station."""
        for replica, log in self.logs.items():
            for seq, body in enumerate(log.bodies, log.first):
                for place, act in enumerate(body.acts if body else ()):
                    yield Node(replica, seq), place, log.genesis.station, act


Cut = dict[Replica, Ref]
"""The last entry of each log that counts, and of a forked one path by path (P23). A log that is not named is cut after its
genesis, and nothing counts of another path."""


class Former(NamedTuple):
    """What is left of a member that was removed (P15)."""

    standing: Standing
    is_revoked: bool
    cut: Cut
    removals: tuple[Ref, ...]


class Epoch(NamedTuple):
    """A generation of the plant's sealing key (P19)."""

    name: bytes
    author: bytes
    recipients: tuple[bytes, ...]
    is_usable: bool
    wraps: tuple[Wrap, ...]


@dataclass
class Roster:
    """The members and former members, by station key and in the order of rank; the epochs from the oldest to the newest, and those
    under which nobody may seal because somebody states them who is no member (P20)."""

    plant: bytes
    plant_name: str = ""
    members: dict[bytes, Standing] = field(default_factory=dict)
    former: dict[bytes, Former] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    exposed: set[bytes] = field(default_factory=set)
    policy: int = 0

    def by_transport(self, key: bytes) -> list[Standing]:
        return [member for member in self.members.values() if member.member.transport == key]


def fold(plant: bytes, logs: dict[Replica, RosterLog]) -> Roster:
    """The roster that these logs make, in whatever order they came; a forked one is given path by path."""
    logs = {replica: log for replica, log in logs.items() if log.genesis.plant in (None, plant)}
    roster = Roster(plant)
    founder = founder_of(plant, logs)
    if founder is None:
        return roster
    roster.plant_name = logs[plant[:16]].genesis.founding.plant_name  # type: ignore[union-attr]
    recovery = logs[plant[:16]].genesis.founding.recovery  # type: ignore[union-attr]
    folding = _Fold(plant, Graph(logs), founder, recovery)
    while folding.settle_depth():
        pass
    ranked = [folding.completed(member) for member in sorted(folding.members.values(), key=lambda member: member.rank)]
    roster.members = {member.station: member for member in ranked if member.station not in folding.removed}
    roster.former = {
        member.station: folding.removed[member.station]._replace(standing=member)
        for member in ranked if member.station in folding.removed
    }  # fmt: skip
    roster.epochs = folding.epochs(ranked)
    roster.exposed = {
        act.epoch for _, _, station, act in folding.acts if isinstance(act, EpochAct) and station not in roster.members
    }
    policies = folding.counting(Policy)
    latest = max(policies, key=lambda issued: (issued.act.counter, *folding.lateness(issued)), default=None)
    roster.policy = latest.act.flags if latest else 0
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
    def __init__(self, plant: bytes, graph: Graph, founder: Standing, recovery: bytes):
        self.plant, self.graph, self.recovery = plant, graph, recovery
        self.members = {founder.station: founder}
        self.removed: dict[bytes, Former] = {}
        self.depth = 0
        self.acts = list(graph.acts())
        self.authors = dict(self.members)
        if recovery != founder.station:
            # P11: it ranks above all others, and nobody admitted it.
            self.authors[recovery] = Standing(recovery, Member("", ADMIN, b"", b""), 0, None, bytes(32), b"")

    def said(self, kind: type) -> Iterator[Issued]:
        """The acts of one kind that members and former members made as such, whatever their rights (P2, P17)."""
        for node, place, station, act in self.acts:
            author = self.authors.get(station)
            if author and isinstance(act, kind) and self.graph.is_from(node, author.admission):
                former = self.removed.get(station)
                if former is None or self._is_left(node, former.cut):
                    yield Issued(node, place, author, act)

    def counting(self, kind: type, least_depth: int = 0) -> list[Issued]:
        """The acts of one kind, for which one must be an admin, that count as far as members are settled (P2)."""
        return [i for i in self.said(kind) if i.author.is_admin and i.author.depth >= least_depth]

    def _settle_removal(self, station: Standing) -> None:
        """Whether a member was removed, and where its logs are cut, by acts of smaller ranks (P12 to P17)."""
        above = [
            removal for removal in self.counting(Removal)
            if removal.act.station == station.station and removal.author.rank < station.rank
        ]  # fmt: skip
        ended = self._ended(station, above)
        removals = [removal for removal in above if removal.node not in ended]
        cut = self._cut_by(removals, station)
        removals += [
            own for own in self.said(Removal)
            if own.act.kind == RETIRE and own.act.station == own.author.station == station.station
            and (not removals or self._is_left(own.node, cut))
            and own.node not in ended
        ]  # fmt: skip
        if removals:
            is_revoked = any(removal.act.kind == REVOKE for removal in self._standing(removals))
            refs = sorted({self.graph.ref(removal.node) for removal in removals})
            self.removed[station.station] = Former(station, is_revoked, self._cut_by(removals, station), tuple(refs))

    def _ended(self, station: Standing, above: list[Issued]) -> set[Node]:
        """The entries whose removals of a station a counting reinstatement ends (P16)."""
        ended: set[Node] = set()
        for issued in self.counting(Reinstate):
            if issued.act.station != station.station or issued.author.rank >= station.rank:
                continue
            named = [self.graph.find(ref) for ref in issued.act.removals]
            seen = {node for node in named if node and self.graph.follows(issued.node, node)}
            higher = (r for r in above if r.author.rank < issued.author.rank)
            if None not in named and seen.issuperset(named) and not any(r.node in seen for r in higher):
                ended |= seen
        return ended

    def _precedes(self, earlier: Issued, later: Issued) -> bool:
        """Whether one removal has another in its past: acts before it in its own entry, too."""
        if earlier.node == later.node:
            return earlier.place < later.place
        return self.graph.follows(later.node, earlier.node)

    def _standing(self, removals: list[Issued]) -> list[Issued]:
        """Those that none of the others replaces (P14)."""
        return [
            removal for removal in removals
            if not any(self._precedes(removal, o) and o.author.rank <= removal.author.rank for o in removals)
        ]  # fmt: skip

    def _cut_by(self, removals: list[Issued], station: Standing) -> Cut:
        """The cut that several removals make together (P14)."""
        moved: dict[tuple[Node, int], Cut] = {}
        for removal in sorted(removals, key=lambda r: (self.graph.heights[r.node], r.place)):
            seen = [
                earlier for earlier in removals
                if self._precedes(earlier, removal)
                and (removal.author.station == station.station or earlier.author.station != station.station)
            ]  # fmt: skip
            together = self._smallest(seen, moved)
            own = self._own_cut(removal, station)
            moved[removal.node, removal.place] = {
                name: max(cut[name] for cut in (own, together) if name in cut) for name in {*own, *together}
            }
        return self._smallest(removals, moved)

    def _smallest(self, removals: list[Issued], moved: dict[tuple[Node, int], Cut]) -> Cut:
        cuts = [moved[removal.node, removal.place] for removal in self._standing(removals)]
        if not cuts:
            return {}
        return {name: min(cut[name] for cut in cuts) for name in cuts[0] if all(name in cut for cut in cuts)}

    def _own_cut(self, removal: Issued, station: Standing) -> Cut:
        """P13, path by path."""
        graph, cut = self.graph, Cut()
        for ref in removal.act.cut:
            if ref.replica not in graph.ids:
                cut[ref.replica] = ref
            elif graph.logs[ref.replica].genesis.station == station.station:
                self._leave(ref, cut)
        for name, log in graph.logs.items():
            if log.genesis.station == station.station:
                seq = removal.node.seq if name == removal.node.log else graph.pasts[removal.node].get(name, -1)
                self._forward(Node(name, seq), cut)
        return cut

    def _leave(self, ref: Ref, cut: Cut) -> None:
        """What a reference in a cut leaves: the entry and those before it, the paths that lead to its own whole (P23)."""
        node = self.graph.find(ref)
        if node:
            cut[node.log] = max(cut.get(node.log, NOTHING), self.graph.ref(node))
        elif not self.graph.is_taken(ref):
            # Nothing is held there yet, so the whole path counts.
            cut[ref.replica] = max(cut.get(ref.replica, NOTHING), ref)
        else:
            return
        before = self.graph.logs[node.log if node else ref.replica].before
        while before:
            self._forward(before, cut)
            before = self.graph.logs[before.log].before

    def _forward(self, node: Node, cut: Cut) -> None:
        """Moves a cut forward to an entry."""
        if not self._is_left(node, cut):
            cut[node.log] = self.graph.ref(node)

    def _is_left(self, node: Node, cut: Cut) -> bool:
        """Whether a cut leaves an entry: of what it does not name, the genesis."""
        return node.seq <= (cut[node.log].seq if node.log in cut else 0)

    def settle_depth(self) -> bool:
        """Settles the invitations issued by members of this depth; whether there is another one (P2)."""
        for member in sorted(self.members.values(), key=lambda member: member.rank):
            if member.depth == self.depth:
                self._settle_removal(member)
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
        self.authors.update(joined)
        return bool(joined)

    def _candidates(self, key: bytes, invites: list[Issued]) -> list[Standing]:
        """P3."""
        found = []
        for replica, log in self.graph.logs.items():
            join = sole_join(log)
            if join is None or join.key != key or log.genesis.station in self.authors:
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
        naming = [
            (admit, candidate) for admit in admits for candidate in candidates
            if admit.act.replica == self.graph.ids[candidate.log] and self.graph.follows(admit.node, candidate.admission)
        ]  # fmt: skip
        if naming:
            # P5: that of the smallest rank, and of one author's the latest. It names several where a log has two entries 1.
            rank = min(admit.author.rank for admit, _ in naming)
            last = max((admit for admit, _ in naming if admit.author.rank == rank), key=self.lateness)
            return min((c for admit, c in naming if admit is last), key=lambda candidate: candidate.admission_hash)
        left = [
            candidate for candidate in candidates
            if all(self.graph.follows(c.node, candidate.admission) for c in closes if c.act.key == key)
        ]  # fmt: skip
        if len({candidate.station for candidate in left}) != 1:
            return None
        return min(left, key=lambda candidate: candidate.admission_hash)

    def lateness(self, issued: Issued) -> tuple[int, Hash, int]:
        return self.graph.heights[issued.node], self.graph.hash(issued.node), issued.place

    def completed(self, member: Standing) -> Standing:
        """With its endpoints (P8) and keys (P18), and whether it is lapsed (P10)."""
        own = [issued for kind in (Endpoints, ReKey, Return) for issued in self.said(kind) if issued.author == member]
        stated = [i for i in own if isinstance(i.act, Endpoints) and are_endpoints(i.act.endpoints)]
        rekeyed = [i for i in own if isinstance(i.act, ReKey) and are_acceptable_keys(i.act)]
        returns = [i.node for i in own if isinstance(i.act, Return)]
        endpoints, keyed = (
            max(acts, key=lambda issued: (issued.act.counter, *self.lateness(issued)), default=None)
            for acts in (stated, rekeyed)
        )
        is_lapsed = any(
            lapse.act.station == member.station
            and lapse.author.station != member.station
            and not any(self.graph.follows(node, lapse.node) for node in returns)
            for lapse in self.counting(Lapse)
        )
        shape = member.member
        if keyed:
            shape = shape._replace(transport=keyed.act.transport, sealing=keyed.act.sealing)
        return replace(
            member, member=shape, endpoints=endpoints.act.endpoints if endpoints else (), is_lapsed=is_lapsed,
            sealing_keys=frozenset([member.member.sealing, *(issued.act.sealing for issued in rekeyed)]),
        )  # fmt: skip

    def epochs(self, members: list[Standing]) -> list[Epoch]:
        """P19 and P20."""
        acts = [issued for issued in self.said(EpochAct) if issued.author.member.role != RELAY]
        makers: dict[bytes, Issued] = {}
        wraps: dict[bytes, list[Wrap]] = {}
        for issued in sorted(acts, key=self.lateness):
            makers.setdefault(issued.act.epoch, issued)
            wraps.setdefault(issued.act.epoch, []).extend(issued.act.wraps)
        allowed = [m for m in members if m.station not in self.removed and m.member.role != RELAY]
        sound = {key for member in allowed for key in member.sealing_keys}
        found = []
        for name, maker in makers.items():
            given = {wrap.recipient for wrap in wraps[name]}
            recipients = sorted(member.station for member in members if member.sealing_keys & given)
            found.append(Epoch(name, maker.author.station, tuple(recipients), given <= sound, tuple(wraps[name])))
        return found


def are_acceptable_keys(stated: ReKey) -> bool:
    return all(map(keys.is_acceptable_agreement_key, (stated.transport, stated.sealing)))


def sole_join(log: RosterLog) -> Join | None:
    """The join of a log whose entry 1 contains exactly one."""
    body: RosterBody | None = log.bodies[1 - log.first] if log.first < 2 <= log.first + len(log.bodies) else None
    joins = [act for act in body.acts if isinstance(act, Join)] if body else []
    return joins[0] if len(joins) == 1 else None


def are_endpoints(endpoints: tuple[str, ...]) -> bool:
    """P8."""
    return len(endpoints) <= 8 and all(
        1 <= len(e) <= 255 and all("!" <= character <= "~" for character in e) for e in endpoints
    )


def recognised(plant: bytes, logs: dict[Replica, RosterLog]) -> set[Replica]:
    """The logs that everybody stores, and of forked ones the paths (P9)."""
    if founder_of(plant, logs) is None:
        return set()
    graph = Graph({replica: log for replica, log in logs.items() if log.genesis.plant in (None, plant)})
    # Whether a recognised log may invite: the role is the log's, and passes to the one that continues it.
    found = {plant[:16]: True}
    founding = logs[plant[:16]].genesis.founding
    assert founding
    if founding.recovery != logs[plant[:16]].genesis.station:
        found |= {name: True for name, log in graph.logs.items() if log.genesis.station == founding.recovery}
    while True:
        rights = {name: _right(plant, name, graph, found) for name in graph.logs if name not in found}
        fresh = {name: right for name, right in rights.items() if right is not None}
        if not fresh:
            # Two entries 1 hang on a genesis that says nothing itself.
            return {*found, *(graph.ids[name] for name in found)}
        found |= fresh


def _right(plant: bytes, name: Replica, graph: Graph, found: dict[Replica, bool]) -> bool | None:
    """Whether a log may invite, or None if it is not recognised as far as these logs are found."""
    genesis, join, before = graph.logs[name].genesis, sole_join(graph.logs[name]), graph.logs[name].before
    # A path continues the one that leads to it, as a log continues its predecessors (P22).
    earlier = [before] if before else [node for ref in genesis.predecessors if (node := graph.find(ref))]
    rights = [
        found[node.log] for node in earlier
        if node.log in found and graph.logs[node.log].genesis.station == genesis.station
    ]  # fmt: skip
    if join and join.verifies(plant, genesis.station) and is_acceptable_member(join.member):
        invites = (node for node, _, _, act in graph.acts() if _is_invite(act, join) and found.get(node.log))
        if any(graph.follows(Node(name, 1), node) for node in invites):
            rights.append(join.member.role == ADMIN)
    return any(rights) if rights else None


def _is_invite(act: Act, join: Join) -> bool:
    return isinstance(act, Invite) and (act.key, act.role) == (join.key, join.member.role)
