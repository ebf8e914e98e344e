"""Bundles: files that carry changes where no link does (09-bundle)."""

import os
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Iterable, Iterator, NamedTuple

import zstandard

from .encoding import Malformed, decode, decode_first, encode
from .fields import Ref, array, blob, natural, need, references
from .log import DATA, ROSTER, Entry, Genesis, Run, Unverified, expand
from .packs import Context
from .replica import Outcome, Replica
from .station import Station
from .stream import BATCH_BYTES, append

TAG = b"gemba/bundle/1"
BEGINNING = TAG + b"\n"
MOST_CONTENT = 2**20
"""Of a piece, as it stands in the file and decompressed (U2)."""
MOST_PIECE = 1 + 1 + 5 + MOST_CONTENT + 1 + 16
MOST_IN_SECTION, MOST_REFERENCES = 4096, 32768

PREAMBLE, EXTENT, RUNS, PACKS, END = range(5)
BASE, AT_END, FLOORS = range(3)


class Refused(Exception):
    """A file, or the rest of one, that is left alone."""


class NoBundle(Refused):
    """A file that begins otherwise (U1)."""


class OtherPlant(Refused):
    """A bundle that is none of this plant's (U6)."""


class Incomplete(Refused):
    """A bundle that ends before its end: cut off or damaged there (U3, U4)."""


class Preamble(NamedTuple):
    plant: bytes
    writer: bytes
    made: int


class Extent(NamedTuple):
    """A part of a vector that the writer states (U7)."""

    which: int
    kind: int
    refs: tuple[Ref, ...]


class Runs(NamedTuple):
    """Runs of one kind of log; those of data came packed (U10, U11)."""

    kind: int
    runs: tuple[Run, ...]


class End(NamedTuple):
    entries: int


Section = Preamble | Extent | Runs | End


# Reading


def contents(file: BinaryIO) -> Iterator[bytes]:
    """What the pieces of a bundle hold, one at a time, up to the first that is not whole (U1 to U3)."""
    if file.read(len(BEGINNING)) != BEGINNING:
        raise NoBundle("U1: it does not begin as a bundle does")
    ahead, before, number = b"", bytes(16), 0
    while ahead := ahead + file.read(MOST_PIECE - len(ahead)):
        try:
            piece, length = decode_first(ahead)
            coding, content, check = array(piece, 3)
            natural(coding, 255)
            need(blob(check, 16) == check_of(before, coding, blob(content, 0, MOST_CONTENT)), "the check does not fit")
        except Malformed as fault:
            raise Incomplete(f"U3: piece {number} is cut off or damaged: {fault}") from fault
        ahead, before, number = ahead[length:], check, number + 1
        natural(coding, 1)
        yield expand(content, MOST_CONTENT) if coding else content


def check_of(before: bytes, coding: int, content: bytes) -> bytes:
    """The check of a piece (U3)."""
    return sha256(TAG + before + bytes((coding,)) + content).digest()[:16]


def sections(file: BinaryIO) -> Iterator[Section]:
    """The sections of a bundle, held against what came before them; those of a later version are passed over (U5)."""
    order = _Order()
    for content in contents(file):
        need(order.last != END, "U4: a piece after the end")
        kind, *fields = array(decode(content), 1, MOST_CONTENT)
        if order.admits(natural(kind)):
            yield order.read(kind, fields)
    if order.last != END:
        raise Incomplete("U4: it is cut off before its end")


class _Order:
    """What the sections of one bundle said so far."""

    def __init__(self) -> None:
        self.last = -1
        self.context = Context()
        self.entries = 0
        self.extent = (BASE, DATA)
        self.extent_refs: list[Ref] = []

    def admits(self, kind: int) -> bool:
        """Whether a section is one to read in its place (U5)."""
        need((kind == PREAMBLE) == (self.last < 0), "U5: the first section, and no other, is the preamble")
        if kind > END:
            return False
        need(kind >= self.last, "U5: a section out of order")
        self.last = kind
        return True

    def read(self, kind: int, fields: list[Any]) -> Section:
        if kind == PREAMBLE:
            plant, writer, made = array(fields, 3)
            return Preamble(blob(plant, 32), blob(writer, 32), natural(made))
        if kind == EXTENT:
            return self._extent(fields)
        if kind == END:
            (entries,) = array(fields, 1)
            need(natural(entries) == self.entries, f"U12: {self.entries} entries, and not {entries}")
            return End(entries)
        items = array(array(fields, 1)[0], 1, MOST_CONTENT)
        runs = tuple(map(Run.read if kind == RUNS else self.context.unpack, items))
        self.entries += sum(len(run.entries) for run in runs)
        return Runs(ROSTER if kind == RUNS else DATA, runs)

    def _extent(self, fields: list[Any]) -> Extent:
        which, kind, refs = array(fields, 3)
        extent = Extent(natural(which, FLOORS), natural(kind, ROSTER), references(refs, MOST_IN_SECTION, 1))
        need(extent.kind == DATA or extent.which == AT_END, "U8: a base or floors of roster logs")
        place = (extent.which, extent.kind)
        need(place >= self.extent, "U7: an extent out of order")
        if place > self.extent:
            self.extent, self.extent_refs = place, []
        before = self.extent_refs[-1].replica if self.extent_refs else b""
        need(extent.refs[0].replica > before, "U7: a vector that does not go on where it ended")
        self.extent_refs += extent.refs
        need(len(self.extent_refs) <= MOST_REFERENCES, "U7: too many references")
        return extent


class Reading:
    """Takes what a bundle has, section by section, and remembers what became of it."""

    def __init__(self, station: Station):
        self.station, self.replica = station, station.replica
        self.preamble: Preamble | None = None
        self.counts: dict[int, Counter[Outcome]] = {ROSTER: Counter(), DATA: Counter()}
        self.base: list[Ref] = []

    def read(self, file: BinaryIO) -> None:
        """Raises what ends the reading early; what was applied stays (U15)."""
        for section in sections(file):
            match section:
                case Preamble():
                    if section.plant != self.replica.plant:
                        raise OtherPlant("U6: it is of another plant")
                    self.preamble = section
                case Extent(which, _, refs):
                    self.base += refs if which == BASE else ()
                case Runs(kind, runs):
                    self._apply(kind, runs)

    def _apply(self, kind: int, runs: tuple[Run, ...]) -> None:
        """Verifies and applies the runs of a section as a peer's, each in its turn (U15)."""
        counts = self.counts[kind]
        for run in runs:
            need(self._kind(run) in (kind, None), "U10, U11: a run of the other kind of log")
            before = self._length(run)
            (outcome,) = self.replica.receive(run)
            new = self._length(run) - before
            counts[outcome] += new or len(run.entries)
            counts[Outcome.HELD] += len(run.entries) - new if new else 0
        if kind == ROSTER:
            self.station.enrol()

    def _kind(self, run: Run) -> int | None:
        """The kind of a run's log, if that is held or begins here."""
        if run.first == 0:
            return Genesis.decode(Entry.decode(run.entries[0], True, False, run.replica).body).kind
        log = self.replica.logs.get(run.replica)
        return log.kind if log else None

    def _length(self, run: Run) -> int:
        log = self.replica.logs.get(run.replica)
        return len(log.hashes) if log else 0

    @property
    def lacks(self) -> list[Ref]:
        """What the reader has to have and has not (U16), by number and hash: it knows no names of branches."""
        logs = self.replica.of_kind(DATA).values()
        held = {(seq, entry_hash[:16]) for log in logs for seq, entry_hash in enumerate(log.hashes)}
        return [ref for ref in self.base if (ref.seq, ref.prefix) not in held]

    def of(self, outcome: Outcome) -> int:
        """How many entries something became of."""
        return sum(counts[outcome] for counts in self.counts.values())

    def lines(self) -> Iterator[str]:
        """What came of it, for people."""
        for kind, name in ((ROSTER, "roster"), (DATA, "data")):
            counts = self.counts[kind]
            left, forked = counts[Outcome.LEFT_OUT], counts[Outcome.FORKED]
            new, held = counts[Outcome.APPLIED], counts[Outcome.HELD]
            yield f"{name}: {new} new, {held} held, {left} left out, {forked} forked"
        for ref in self.lacks:
            yield f"lacks {ref.replica.hex()} {ref.seq} {ref.prefix.hex()}"


def read(station: Station, path: Path) -> tuple[int, list[str]]:
    """Reads a bundle: a status as that of `gemba bundle read`, and what to tell."""
    reading, status, fault = Reading(station), 0, ""
    with path.open("rb") as file:
        try:
            reading.read(file)
        except NoBundle as error:
            return 2, [f"no bundle: {error}"]
        except OtherPlant as error:
            return 4, [f"nothing is taken: {error}"]
        except (Incomplete, Malformed, Unverified) as error:
            status, fault = 1, f"not complete, what came before counts: {error}"
    if status == 0 and reading.of(Outcome.FORKED):
        status, fault = 1, "another history of a log that is held here; what is held stays"
    elif status == 0 and (reading.lacks or reading.of(Outcome.LEFT_OUT)):
        status, fault = 3, "something that it builds on is missing here"
    return status, [*reading.lines(), *([fault] if fault else [])]


def claimed(replica: Replica, since: str | None) -> list[Ref]:
    """What a reader is said to hold: nothing, what a bundle ended with, or what a member had seen (U14)."""
    if since is None:
        return []
    if Path(since).exists():
        return end_of(Path(since), replica.plant)
    stations = [station for station, member in replica.roster().members.items() if member.member.name == since]
    need(len(stations) == 1, f"{since} is neither a file nor a member")
    return seen_by(replica, stations[0])


def end_of(path: Path, plant: bytes | None = None) -> list[Ref]:
    """The data logs that a bundle of this plant, or of any, ends with; the rest of it need not be there (U14)."""
    refs: list[Ref] = []
    with path.open("rb") as file:
        for section in sections(file):
            if isinstance(section, Preamble) and plant and section.plant != plant:
                raise OtherPlant("U6: it is of another plant")
            if isinstance(section, (Runs, End)):
                break
            if isinstance(section, Extent) and (section.which, section.kind) == (AT_END, DATA):
                refs += section.refs
    return refs


# Writing


def seen_by(replica: Replica, station: bytes) -> list[Ref]:
    """What a member's own entries had seen, and these (U14)."""
    own = [name for name, log in replica.of_kind(DATA).items() if log.genesis.station == station]
    return [replica.logs[name].ref(name, seq) for name, seq in replica.reach(own).items()]


def base_of(replica: Replica, claim: Iterable[Ref]) -> list[Ref]:
    """The last entries that are left out, by the hashes that are here; nothing of a log that differs (U8, U14)."""
    base = []
    for ref in claim:
        log = replica.of_kind(DATA).get(ref.replica)
        if log and ref.seq >= len(log.hashes):
            base.append(log.ref(ref.replica, len(log.hashes) - 1))
        elif log and log.hashes[ref.seq][:16] == ref.prefix:
            base.append(ref)
    return sorted(base)


def compose(station: Station, claim: Iterable[Ref]) -> Iterator[list[Any]]:
    """The sections of a bundle for a reader who is said to hold something."""
    replica = station.replica
    base = base_of(replica, claim)
    yield [PREAMBLE, replica.plant, station.key, time.time_ns() // 1_000_000]
    ends = [(AT_END, kind, replica.vector(kind)) for kind in (DATA, ROSTER)]
    for which, kind, refs in [(BASE, DATA, base), *ends]:
        need(len(refs) <= MOST_REFERENCES, "U7: more logs than a bundle can name")
        for at in range(0, len(refs), MOST_IN_SECTION):
            yield [EXTENT, which, kind, refs[at : at + MOST_IN_SECTION]]
    entries = 0
    for runs in _groups(_behind(replica, ROSTER, {})):
        entries += sum(len(run.entries) for run in runs)
        yield [RUNS, [run.item() for run in runs]]
    context = Context()
    for runs in _groups(_behind(replica, DATA, {ref.replica: ref.seq for ref in base})):
        entries += sum(len(run.entries) for run in runs)
        yield [PACKS, [context.pack(run) for run in runs]]
    yield [END, entries]


def _behind(replica: Replica, kind: int, base: dict[bytes, int]) -> Iterator[Run]:
    """What lies behind a base, in the order in which it was applied, and cut at kept heads (U10, U11)."""
    for _, name, first, last, _ in replica.stretches:
        first = max(first, base.get(name, -1) + 1)
        if replica.logs[name].kind == kind and first <= last:
            yield replica.run(name, first, last)


def _groups(runs: Iterator[Run]) -> Iterator[list[Run]]:
    """Runs that share a section."""
    group: list[Run] = []
    for run in runs:
        if group and sum(other.size for other in group) + run.size > BATCH_BYTES:
            yield group
            group = []
        append(run, group)
    if group:
        yield group


def pieces(items: Iterable[Any], compresses: bool = True) -> Iterator[bytes]:
    """The pieces of a bundle with these sections (U2, U3)."""
    before = bytes(16)
    for item in items:
        content, coding = encode(item), 0
        need(len(content) <= MOST_CONTENT, "U2: a section that fits no piece")
        shorter = zstandard.ZstdCompressor().compress(content) if compresses else content
        if len(shorter) < len(content):
            content, coding = shorter, 1
        before = check_of(before, coding, content)
        yield encode([coding, content, before])


def write(station: Station, path: Path, claim: Iterable[Ref]) -> str:
    """Writes a bundle to a new file, which has its name only when it is whole; what to tell of it."""
    need(not path.exists(), f"{path} exists already")
    with station.replica.store.transaction():
        # U13: nothing is in the bundle that is not remembered, for its moment is this one.
        station.replica.refresh()
        station.record()
    items = list(compose(station, claim))
    fresh = path.with_name(path.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(BEGINNING)
        file.writelines(pieces(items))
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    base = sum(len(item[3]) for item in items if item[:2] == [EXTENT, BASE])
    return f"wrote {items[-1][1]} entries; its reader has to hold what went before in {base} logs"
