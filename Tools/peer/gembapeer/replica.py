"""What a peer holds: all logs, their causal graph, the roster and the merge state."""

from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Iterable

from . import keys
from .acts import RosterBody, Wrap
from .body import Body
from .encoding import Malformed
from .fields import Dot, Hash, Ref, need
from .fields import Replica as Name
from .log import DATA, NO_HASH, ROSTER, Entry, Genesis, Link, Run, Unverified, verify, what_a_head_signs
from .merge import Clock, State
from .roster import Roster, fold, recognised
from .store import Store, Stretch


class Outcome(Enum):
    """What became of a run (07-sync S5, S9; 02-change §9)."""

    APPLIED = "applied"
    HELD = "held already"
    LEFT_OUT = "left out until its author, the key of its seal or what it depends on is known"
    FORKED = "another history under a name that is held"


SEALED = object()
"""Stands for a body whose epoch's key is not held (Z2)."""


@dataclass
class Log:
    """A log that is held, by number; `pasts[n]` is the causal past of entry n, without it."""

    kind: int
    genesis: Genesis
    first: ClassVar = 0
    before: ClassVar = None
    hashes: list[Hash] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    deps: list[tuple[Ref, ...]] = field(default_factory=list)
    lamports: list[int] = field(default_factory=list)
    pasts: list[Clock] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    signatures: dict[int, bytes] = field(default_factory=dict)

    def copy(self) -> "Log":
        copied = {name: value.copy() for name, value in self.__dict__.items() if isinstance(value, (list, dict))}
        return Log(self.kind, self.genesis, **copied)

    def ref(self, replica: Name, seq: int) -> Ref:
        return Ref(replica, seq, self.hashes[seq][:16])


class Replica:
    """The logs of a store, with all that follows from them."""

    def __init__(self, store: Store, plant: bytes):
        self.store, self.plant = store, plant
        self.logs: dict[Name, Log] = {}
        self.stretches: list[Stretch] = []
        self.own: set[Name] = set()
        self.epoch_keys: dict[bytes, bytes] = {}
        self.sealing_secret: bytes | None = None
        self._tried: set[Wrap] = set()
        self.forked: set[Name] = set()
        self._roster: Roster | None = None
        self._state = State()
        self._projected = 0
        self.refresh()

    @staticmethod
    def in_memory(plant: bytes) -> "Replica":
        return Replica(Store(":memory:"), plant)

    @staticmethod
    def at(folder: Path, plant: bytes) -> "Replica":
        return Replica(Store(folder / "peer.sqlite"), plant)

    # Reading

    def refresh(self) -> bool:
        """Takes up what was stored since, also by other processes; whether there was anything."""
        stretches = self.store.stretches(self.stretches[-1].place if self.stretches else 0)
        for stretch in stretches:
            links = []
            for at, (entry_hash, data) in enumerate(self.store.entries(stretch)):
                held = self.logs.get(stretch.replica)
                is_roster = held is not None and held.kind == ROSTER
                entry = Entry.decode(data, stretch.first + at == 0, is_roster, stretch.replica)
                links.append(Link(entry, entry_hash, data))
                if held is None:
                    genesis = Genesis.decode(entry.body)
                    self.logs[stretch.replica] = Log(genesis.kind, genesis)
            log = self.logs[stretch.replica]
            self.extend(stretch.replica, log, links)
            log.signatures[stretch.last] = stretch.signature
            if log.kind == ROSTER:
                self._roster = None
            self.stretches.append(stretch)
        return bool(stretches)

    def of_kind(self, kind: int) -> dict[Name, Log]:
        return {name: log for name, log in self.logs.items() if log.kind == kind}

    def roster_logs(self) -> dict[Name, Any]:
        return self.of_kind(ROSTER)

    def roster(self) -> Roster:
        if self._roster is None:
            self._roster = fold(self.plant, self.roster_logs())
            # Who may drop rows may have changed (M16d).
            self.forget_rows()
            self._take_epochs(self._roster)
        return self._roster

    def _take_epochs(self, roster: Roster) -> None:
        """Opens what is wrapped to the own sealing key (P19)."""
        if self.sealing_secret is None:
            return
        own = keys.agreement_public(self.sealing_secret)
        for epoch in roster.epochs:
            for wrap in epoch.wraps:
                if wrap.recipient == own and epoch.name not in self.epoch_keys and wrap not in self._tried:
                    self._tried.add(wrap)
                    if key := unwrapped(wrap, self.plant, epoch.name, self.sealing_secret):
                        self.hold_epoch(key)

    def newest_epoch(self, is_usable: bool) -> bytes | None:
        """The key of the newest epoch that is held, or of the newest usable one (P20)."""
        roster = self.roster()
        epochs = [
            e for e in roster.epochs
            if e.name in self.epoch_keys and (not is_usable or e.is_usable and e.name not in roster.exposed)
        ]
        return self.epoch_keys[epochs[-1].name] if epochs else None

    def vector(self, kind: int) -> list[Ref]:
        """The last entry of every log of a kind, sorted (07-sync §1)."""
        return [log.ref(name, len(log.hashes) - 1) for name, log in sorted(self.of_kind(kind).items())]

    def holds(self, ref: Ref, kind: int) -> bool:
        log = self.logs.get(ref.replica)
        return (
            log is not None and log.kind == kind and ref.seq < len(log.hashes)
            and log.hashes[ref.seq][:16] == ref.prefix
        )  # fmt: skip

    def run(self, name: Name, first: int, last: int) -> Run:
        """The run from `first` to a kept head."""
        log = self.logs[name]
        previous = log.hashes[first - 1][:16] if first else b""
        return Run(name, first, previous, tuple(log.data[first : last + 1]), log.signatures[last])

    def state(self) -> State:
        """The merge state of all effective changes, in the order in which they were applied."""
        members = self.roster().members
        for stretch in self.stretches[self._projected :]:
            log = self.logs[stretch.replica]
            author = members.get(log.genesis.station)
            for seq in range(stretch.first, stretch.last + 1):
                body = log.bodies[seq] if log.kind == DATA else None
                if isinstance(body, Body):
                    may_drop = author is not None and author.is_admin
                    self._state.apply(Dot(stretch.replica, seq), body, log.pasts[seq], may_drop)
        self._projected = len(self.stretches)
        return self._state

    def forget_rows(self) -> None:
        """Has the rows made from the logs again."""
        self._state, self._projected = State(), 0

    def reach(self, names: Iterable[Name]) -> Clock:
        """These logs, and what is in the causal past of their last entries."""
        reached: Clock = {}
        for name in names:
            log = self.logs[name]
            _join(reached, log.pasts[-1])
            _join(reached, {name: len(log.hashes) - 1})
        return reached

    def frontier(self, kind: int, own: Name | None) -> tuple[Ref, ...]:
        """The greatest entries of other logs that no other and no earlier own entry has in its past (C1)."""
        logs = {name: log for name, log in self.of_kind(kind).items() if name != own}
        covered: Clock = dict(self.logs[own].pasts[-1]) if own in self.logs else {}
        for log in logs.values():
            _join(covered, log.pasts[-1])
        ends = {name: len(log.hashes) - 1 for name, log in sorted(logs.items())}
        return tuple(logs[name].ref(name, seq) for name, seq in ends.items() if covered.get(name, -1) < seq)

    def lamport(self, refs: Iterable[Ref]) -> int:
        """The greatest number among these entries."""
        return max((self.logs[ref.replica].lamports[ref.seq] for ref in refs), default=0)

    # Receiving

    def receive(self, *runs: Run) -> list[Outcome]:
        """Verifies runs one after another and applies what of them is new, in one transaction (D2).

        Raises `Malformed` or `log.Unverified` for the first that does not verify (S12); those before it are applied.
        """
        outcomes, refusal = [], None
        with self.store.transaction():
            self.refresh()
            for run in runs:
                try:
                    outcomes.append(self._receive(run))
                except (Malformed, Unverified) as error:
                    refusal = error
                    break
        if refusal:
            raise refusal
        return outcomes

    def _receive(self, run: Run) -> Outcome:
        log = self.logs.get(run.replica)
        if run.first and (log is None or run.first > len(log.hashes)):
            return Outcome.LEFT_OUT
        before = log.hashes[run.first - 1] if run.first and log else NO_HASH
        if before[:16] != run.previous and run.first:
            self.forked.add(run.replica)
            return Outcome.FORKED
        genesis, links = verify(run, self.plant, before, log.genesis if log and run.first else None)
        held = len(log.hashes) if log else 0
        known = log.hashes[run.first : run.last + 1] if log else []
        if any(link.hash != entry_hash for link, entry_hash in zip(links, known)):
            self.forked.add(run.replica)
            return Outcome.FORKED
        fresh = links[held - run.first :]
        if not fresh:
            return Outcome.HELD
        if not self._may_apply(run.replica, log.copy() if log else Log(genesis.kind, genesis), fresh):
            return Outcome.LEFT_OUT
        self.store.append(run.replica, held, fresh, run.signature)
        self.refresh()
        return Outcome.APPLIED

    def _may_apply(self, name: Name, extended: Log, links: list[Link]) -> bool:
        """Whether predecessors, deps, roster and keys of seals are there (D1, D8, W1, W2, P9)."""
        genesis = extended.genesis
        if not all(self.holds(dep, genesis.kind) for link in links for dep in link.entry.deps):
            return False
        if genesis.kind == DATA:
            author = self.roster().members.get(genesis.station)
            is_explained = all(self.holds(ref, ROSTER) for ref in genesis.frontier)
            if self.sealing_secret and any(e.seal and e.seal.epoch not in self.epoch_keys for e, _, _ in links):
                return False
            return is_explained and author is not None and author.writes_data
        if name in self.logs:
            return True
        self.extend(name, extended, links)
        return name in recognised(self.plant, {**self.roster_logs(), name: extended})

    def extend(self, name: Name, log: Log, links: list[Link]) -> None:
        """Adds entries whose deps are held to a log, with their place in the causal graph."""
        for link in links:
            seq = len(log.hashes)
            past, lamport = self._place(name, log, link.entry)
            before = log.hashes[-1] if seq else NO_HASH
            log.hashes.append(link.hash)
            log.data.append(link.data)
            log.deps.append(link.entry.deps)
            log.lamports.append(lamport)
            log.pasts.append(past)
            log.bodies.append(self._body(name, log, seq, link.entry, before) if seq else None)

    def _place(self, name: Name, log: Log, entry: Entry) -> tuple[Clock, int]:
        """Causal past and lamport number of the next entry (B5)."""
        seq = len(log.hashes)
        past: Clock = {**log.pasts[-1], name: seq - 1} if seq else {}
        lamports = [log.lamports[-1]] if seq else []
        for dep in entry.deps:
            cause = self.logs[dep.replica]
            lamports.append(cause.lamports[dep.seq])
            _join(past, cause.pasts[dep.seq])
            _join(past, {dep.replica: dep.seq})
        return past, 1 + max(lamports) if seq else 0

    def _body(self, name: Name, log: Log, seq: int, entry: Entry, before: Hash) -> Any:
        """The body of an entry whose place in the graph is known, or None where it is invalid."""
        epoch_key = self.epoch_keys.get(entry.seal.epoch) if entry.seal else None
        if entry.seal and epoch_key is None:
            return SEALED
        try:
            content = entry.content(name, seq, before, epoch_key)
            if log.kind == ROSTER:
                body: Any = RosterBody.decode(content)
            else:
                body = Body.decode(content, name, seq)
                for ref in body.references:
                    is_past = log.pasts[seq].get(ref.replica, -1) >= ref.seq
                    need(is_past and self.holds(ref, DATA), "B6: a reference outside the causal past")
            need(body.lamport == log.lamports[seq], "B5: another lamport number")
        except Malformed:
            return None
        return body

    def hold_epoch(self, key: bytes) -> None:
        """Opens what is sealed under an epoch, now and from now on."""
        self.epoch_keys[sha256(key).digest()[:16]] = key
        for name, log in self.logs.items():
            for seq, body in enumerate(log.bodies):
                if body is SEALED:
                    entry = Entry.decode(log.data[seq], False, False, name)
                    log.bodies[seq] = self._body(name, log, seq, entry, log.hashes[seq - 1])
        self.forget_rows()

    # Writing

    def append(self, name: Name | None, entries: list[Entry], seed: bytes) -> Name:
        """Signs and stores own entries, inside a transaction of the caller; `name` is None for a new log."""
        log = self.logs.get(name) if name else None
        first = len(log.hashes) if log else 0
        before = log.hashes[-1] if log else NO_HASH
        links = []
        for seq, entry in enumerate(entries, first):
            before = entry.hash(name if seq else None, seq, before)
            name = name or before[:16]
            links.append(Link(entry, before, entry.encoded()))
        assert name is not None
        signature = keys.sign(seed, what_a_head_signs(self.plant, name, first + len(links) - 1, before))
        self.store.append(name, first, links, signature)
        self.own.add(name)
        return name


def unwrapped(wrap: Wrap, plant: bytes, epoch: bytes, secret: bytes) -> bytes | None:
    """The key of an epoch, or None where the wrap does not open or holds another one (P19)."""
    key = keys.hpke_open(secret, wrap.encapsulated, wrap.sealed, b"gemba/epoch/1" + plant + epoch)
    return key if key and sha256(key).digest()[:16] == epoch else None


def _join(clock: Clock, other: Clock) -> None:
    """Raises a clock to another one where that is ahead."""
    for name, seq in other.items():
        clock[name] = max(clock.get(name, -1), seq)
