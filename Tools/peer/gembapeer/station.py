"""Who this peer is: its keys, its logs, and how it becomes a member (05-roster §6, 02-change §9)."""

import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from . import keys
from .acts import ENDPOINTS, JOIN, Token, is_acceptable_name, what_a_join_signs
from .body import Body
from .encoding import encode
from .fields import Ref, need
from .fields import Replica as Name
from .log import DATA, ROSTER, Entry, Genesis, Member
from .replica import Replica
from .store import Store

CLOCK_LEAD = 60_000 << 16
LAST_MILLISECOND = 2**47 - 1


@dataclass
class Station:
    """An open data folder."""

    folder: Path
    replica: Replica
    seed: bytes
    transport_secret: bytes
    name: str
    roster_log: Name
    data_log: Name | None = None
    is_asking: bool = False
    """Whether a session asks about rows: one peer is asked at a time (10-agreement §4)."""

    @property
    def key(self) -> bytes:
        return keys.signing_public(self.seed)

    @property
    def transport(self) -> bytes:
        return keys.agreement_public(self.transport_secret)

    @staticmethod
    def join(folder: Path, token: Token, name: str | None) -> "Station":
        """Makes keys and a roster log whose entry 1 is the join; it needs to meet nobody for this (§6, step 3)."""
        seed, transport, sealing = (secrets.token_bytes(32) for _ in range(3))
        member = Member(
            name or token.name, token.role, keys.agreement_public(transport), keys.agreement_public(sealing)
        )
        need(is_acceptable_name(member.name), "P7: the name")
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        replica = Replica.at(folder, token.plant)
        station = keys.signing_public(seed)
        genesis = Genesis(ROSTER, token.plant, station, secrets.token_bytes(16), 1, (), token.frontier, None)
        invite = token.invite_seed()
        signature = keys.sign(invite, what_a_join_signs(token.plant, station, member))
        join = [JOIN, keys.signing_public(invite), member, signature]
        body = encode([clock_reading(0), token.lamport + 1, 0, "", "", [join]])
        entries = [Entry((), None, 0, genesis.encoded()), Entry(token.frontier, None, 0, body)]
        with replica.store.transaction():
            need(replica.store.setting("seed") is None, "this folder has a station already")
            # The join names entries that are not here yet: it is kept aside until they are.
            for setting, value in {
                "plant": token.plant, "seed": seed, "transport": transport, "sealing": sealing,
                "name": member.name.encode(), "genesis": entries[0].encoded(), "join": entries[1].encoded(),
                "routes": json.dumps([[endpoint, key.hex()] for endpoint, key in token.routes]).encode(),
            }.items():  # fmt: skip
                replica.store.keep(setting, value)
        return Station.open(folder)

    @staticmethod
    def open(folder: Path) -> "Station":
        store = Store(folder / "peer.sqlite")

        def setting(name: str) -> bytes:
            value = store.setting(name)
            need(value is not None, f"{folder} has no station")
            assert value is not None
            return value

        replica = Replica(store, setting("plant"))
        replica.sealing_secret = setting("sealing")
        genesis = Entry.decode(setting("genesis"), True, True, None)
        roster_log = genesis.hash(None, 0, bytes(32))[:16]
        data_log = store.setting("data log")
        station = Station(folder, replica, setting("seed"), setting("transport"), setting("name").decode(), roster_log)
        station.data_log = data_log
        station.enrol()
        return station

    def enrol(self) -> None:
        """Stores the own roster log as soon as what its join names is held."""
        with self.replica.store.transaction():
            self.replica.refresh()
            stored = (self.replica.store.setting(name) for name in ("genesis", "join"))
            entries = [Entry.decode(data or b"", at == 0, True, self.roster_log) for at, data in enumerate(stored)]
            is_stored = self.roster_log in self.replica.logs
            if not is_stored and all(self.replica.holds(dep, ROSTER) for dep in entries[1].deps):
                self.replica.append(None, entries, self.seed)
                self.replica.refresh()

    def routes(self) -> list[tuple[str, bytes]]:
        """Where the token says that members are found, and which keys answer there."""
        stored = json.loads(self.replica.store.setting("routes") or b"[]")
        return [(endpoint, bytes.fromhex(key)) for endpoint, key in stored]

    @property
    def is_member(self) -> bool:
        return self.key in self.replica.roster().members

    def write(self, by: str, reason: str, compose: Callable[["Draft"], Entry], epoch_key: bytes | None = None) -> Ref:
        """Commits the entry that `compose` makes, within the transaction that numbers it, and seals it under a key."""
        with self.replica.store.transaction():
            self.replica.refresh()
            need(self.is_member, "no member of the plant yet")
            name = self._current_log()
            log = self.replica.logs[name]
            draft = Draft(self.replica, name, by, reason)
            entry = compose(draft)
            if epoch_key:
                place = (name, len(log.hashes), log.hashes[-1])
                entry = Entry.sealed(draft.deps, entry.body, place, epoch_key, secrets.token_bytes(12))
            self.replica.append(name, [entry], self.seed)
            self.replica.refresh()
        return log.ref(name, len(log.hashes) - 1)

    def state_endpoints(self, endpoints: list[str]) -> None:
        """An act that says where this peer can be dialled (P8)."""
        with self.replica.store.transaction():
            self.replica.refresh()
            standing = self.replica.roster().members[self.key]
            if standing.endpoints == tuple(endpoints):
                return
            # The clock counts well: it never gives the number of an act of before.
            self._act([ENDPOINTS, clock_reading(0), endpoints])

    def _act(self, *acts: list[Any]) -> None:
        """Appends to the own roster log, inside a transaction of the caller."""
        log = self.replica.logs[self.roster_log]
        deps = self.replica.frontier(ROSTER, self.roster_log)
        lamport = 1 + max(log.lamports[-1], self.replica.lamport(deps))
        body = encode([clock_reading(0), lamport, 0, "", "", acts])
        self.replica.append(self.roster_log, [Entry(deps, None, 0, body)], self.seed)
        self.replica.refresh()

    # Incarnations

    def _current_log(self) -> Name:
        """The data log to write to: a new incarnation where the old one may have had another history (I1)."""
        if self.data_log is None or self.must_reincarnate():
            before = self.replica.logs[self.data_log].genesis.incarnation if self.data_log else 0
            self.open_incarnation(before + 1)
        assert self.data_log
        return self.data_log

    def open_incarnation(self, number: int) -> None:
        """Begins a data log that continues the one of before, inside a transaction of the caller."""
        before = [self.data_log] if self.data_log else []
        predecessors = tuple(
            self.replica.logs[name].ref(name, len(self.replica.logs[name].hashes) - 1) for name in before
        )
        own = self.replica.logs[self.roster_log]
        frontier = (own.ref(self.roster_log, len(own.hashes) - 1),)
        random = secrets.token_bytes(16)
        genesis = Genesis(DATA, self.replica.plant, self.key, random, number, predecessors, frontier, None)
        self.data_log = self.replica.append(None, [Entry((), None, 0, genesis.encoded())], self.seed)
        self.replica.store.keep("data log", self.data_log)
        self.replica.store.keep("evidence", b"")
        self.replica.refresh()
        self.record()

    def must_reincarnate(self) -> bool:
        """Whether the record is missing, or of another file or machine, or ahead; or a peer showed evidence (I1, I2)."""
        if self.replica.store.setting("evidence"):
            return True
        try:
            record = json.loads((self.folder / "gossiped").read_text())
        except (OSError, ValueError):
            return True
        assert self.data_log
        is_ahead = record["log"] == self.data_log.hex() and record["seq"] >= len(self.replica.logs[self.data_log].hashes)
        return is_ahead or record["place"] != self._place()

    def record(self) -> None:
        """Notes durably how much of the own log anybody may have seen; called before it is sent."""
        if self.data_log is None:
            return
        seq = len(self.replica.logs[self.data_log].hashes) - 1
        text = json.dumps({"log": self.data_log.hex(), "seq": seq, "place": self._place()})
        path, fresh = self.folder / "gossiped", self.folder / "gossiped.new"
        try:
            if path.read_text() == text:
                return
        except OSError:
            pass
        with fresh.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
        folder = os.open(self.folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def _place(self) -> str:
        status = (self.folder / "peer.sqlite").stat()
        machine = Path("/etc/machine-id")
        return f"{machine.read_text().strip() if machine.exists() else ''}:{status.st_dev}:{status.st_ino}"


@dataclass
class Draft:
    """A change in the making."""

    replica: Replica
    log: Name
    by: str
    reason: str

    def __post_init__(self) -> None:
        held = self.replica.logs[self.log]
        self.deps = self.replica.frontier(DATA, self.log)
        self.seq = len(held.hashes)
        self.lamport = 1 + max(held.lamports[-1], self.replica.lamport(self.deps))
        lasts = [log.bodies[-1] for log in self.replica.of_kind(DATA).values()]
        self.timestamp = clock_reading(max((b.timestamp for b in lasts if isinstance(b, Body)), default=0))


def clock_reading(seen: int) -> int:
    """The next reading of the hybrid clock after one that was seen (02-change §7)."""
    wall = min(time.time_ns() // 1_000_000, LAST_MILLISECOND) << 16
    return max(wall, seen + 1) if seen <= wall + CLOCK_LEAD else wall
