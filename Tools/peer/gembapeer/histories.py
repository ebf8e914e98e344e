"""Random histories: changes of all kinds, in good order and in bad, by several authors who know some of each other's."""

import random
import secrets
from typing import Any

import zstandard

from .body import (
    DELETE, EDIT, INSERT, Base, Deletion, Drop, Effect, Element, Fact, Increment, Insertion, Operation, Register,
    SetEdit, TextEdit, Unknown,
)  # fmt: skip
from .encoding import decode, encode
from .fields import Dot
from .log import DATA, Entry, Run
from .merge import Counter, Row
from .replica import Replica
from .station import Draft, Station
from .text import Text
from .writing import body_content, deletions_of, observed

VALUES: list[Any] = [
    None, 0, 1, -1, 23, 24, 255, 256, 65536, 2**32, 2**63 - 1, -(2**63), 0.0, 1.0, 1.5, -2.25, 1e300, 3.1e-310, 0.1,
    "", "press 4", "現場", "a\u0301", b"", b"\x00\xff", "x" * 300,
]  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz現場\U0001f527 "
GROUPS = (0, 1, 2, 2**32 - 1)


class History:
    """Changes to rows of its own by stations that meet now and then."""

    def __init__(self, seed: int, stations: list[Station]):
        self.random = random.Random(seed)
        self.stations = stations
        tables = (2**32 - 1, 900, 1, 2)
        self.rows = [(self.random.choice(tables), secrets.token_bytes(16)) for _ in range(self.random.randint(1, 4))]
        self.dots: set[Dot] = set()
        self.kinds: dict[str, int] = {}

    def run(self) -> None:
        for _ in range(self.random.randint(8, 40)):
            if self.random.random() < 0.35:
                source, target = self.random.sample(self.stations, 2)
                give(source.replica, target.replica, self.random.choice((1, 2, 3, 10, 1000)))
            else:
                self._write(self.random.choice(self.stations))

    def _write(self, station: Station) -> None:
        spoiling = self.random.random() < 0.06
        is_sealed = self.random.random() < 0.5
        is_coded = self.random.random() < 0.1

        def compose(draft: Draft) -> Entry:
            rows = self.random.sample(self.rows, self.random.randint(0 if spoiling else 1, len(self.rows)))
            operations = [self._operation(draft, *row) for row in rows]
            drops = [op for op in operations if any(isinstance(e, Drop) for e in op.effects)]
            cut = tuple(draft.replica.vector(DATA)) if drops and self.random.random() < 0.9 else None
            content = body_content(draft, operations, cut)
            if spoiling:
                self.kinds["spoilt"] = self.kinds.get("spoilt", 0) + 1
                content = self._spoil(content)
            if is_coded and not is_sealed:
                return Entry(draft.deps, None, 1, zstandard.compress(content))
            return Entry(draft.deps, None, 0, content)

        epoch_key = station.replica.newest_epoch(is_usable=True) if is_sealed else None
        ref = station.write("py", "", compose, epoch_key)
        self.dots.add(Dot(ref.replica, ref.seq))

    def _spoil(self, content: bytes) -> bytes:
        """A body that is nearly right: most of these are invalid, and nobody may apply any of it."""
        item = decode(content)
        match self.random.randrange(7):
            case 0:
                item[1] += 1
            case 1:
                item[6].append([bytes(16), 3, bytes(16)])
                item[6].sort()
            case 2:
                item[5].reverse()
            case 3:
                return content + b"\x00"
            case 4:
                return content[:-1]
            case 5:
                at = self.random.randrange(len(content))
                return content[:at] + bytes((content[at] ^ 1 << self.random.randrange(8),)) + content[at + 1 :]
            case 6:
                item.append({})
                return encode(item[:-1])
        return encode(item)

    # Operations

    def _operation(self, draft: Draft, table: int, name: bytes) -> Operation:
        row = draft.replica.state().rows.get((table, name), Row())
        chance = self.random.random()
        verb = EDIT if chance < 0.75 else DELETE if chance < 0.87 else INSERT
        if not row.is_inserted and self.random.random() < 0.6:
            verb = INSERT
        known = () if verb == INSERT else self._some(draft, sorted(row.presence))
        if verb == DELETE and known and self.random.random() < 0.35:
            self.kinds["drop"] = self.kinds.get("drop", 0) + 1
            return Operation(table, name, verb, known, (Drop(),))
        groups = sorted(self.random.sample(GROUPS, self.random.randint(0, 3)))
        effects = tuple(self._effect(draft, row, group, verb == INSERT) for group in groups)
        return Operation(table, name, verb, known, effects)

    def _some(self, draft: Draft, usual: list[Dot]) -> tuple[Dot, ...]:
        """The dots that an author would name; now and then fewer, or others that it has seen."""
        chance = self.random.random()
        if chance < 0.75:
            return tuple(usual)
        if chance < 0.88:
            return tuple(dot for dot in usual if self.random.random() < 0.5)
        held = self._held(draft)
        return tuple(sorted({*usual, *self.random.sample(held, min(len(held), 3))}))

    def _held(self, draft: Draft) -> list[Dot]:
        logs = draft.replica.logs
        return sorted(dot for dot in self.dots if dot.replica in logs and dot.seq < len(logs[dot.replica].hashes))

    def _values(self) -> tuple[Any, ...]:
        return tuple(self.random.choice(VALUES) for _ in range(self.random.choice((1, 1, 1, 2, 5))))

    def _effect(self, draft: Draft, row: Row, group: int, is_insert: bool) -> Effect:
        makers = [self._register, self._set, self._increment, self._base, self._text, self._text, self._unknown]
        if is_insert:
            makers.append(self._fact)
        maker = self.random.choice(makers)
        self.kinds[maker.__name__[1:]] = self.kinds.get(maker.__name__[1:], 0) + 1
        return maker(draft, Row() if is_insert else row, group, is_insert)

    def _register(self, draft: Draft, row: Row, group: int, is_insert: bool) -> Effect:
        replaces = () if is_insert else self._some(draft, sorted(row.registers.get(group, ())))
        return Register(group, replaces, self._values())

    def _fact(self, draft: Draft, row: Row, group: int, is_insert: bool) -> Effect:
        return Fact(group, self._values())

    def _set(self, draft: Draft, row: Row, group: int, is_insert: bool) -> Effect:
        chosen = {encode(value): value for value in self.random.sample(VALUES, self.random.randint(1, 4))}
        elements = []
        for key, value in chosen.items():
            saw = () if is_insert else self._some(draft, sorted(row.sets.get(group, {}).get(key, ())))
            elements.append(Element(value, is_insert or self.random.random() < 0.6, saw))
        return SetEdit(group, tuple(elements))

    def _increment(self, draft: Draft, row: Row, group: int, is_insert: bool) -> Effect:
        bases = () if is_insert else self._some(draft, sorted(row.counters.get(group, Counter()).bases))
        delta = self.random.choice((1, -1, 5, -40, 2**53, -(2**53)))
        return Increment(group, bases, delta)

    def _base(self, draft: Draft, row: Row, group: int, is_insert: bool) -> Effect:
        counter = row.counters.get(group, Counter())
        replaces = () if is_insert else observed(counter, draft.log)
        if not is_insert and self.random.random() < 0.25:
            held = [dot for dot in self._held(draft)]
            dots = sorted(self.random.sample(held, min(len(held), 2)))
            replaces = tuple((dot, self.random.choice((0, 1, -7, 2**63 - 1))) for dot in dots)
        return Base(group, replaces, self.random.choice((0, 3, -5, 2**63 - 1)))

    def _text(self, draft: Draft, row: Row, group: int, is_insert: bool) -> Effect:
        text = row.texts.get(group, Text())
        words = "".join(self.random.choice(LETTERS) for _ in range(self.random.randint(1, 6)))
        if is_insert or not text.characters:
            return TextEdit(group, (Insertion(None, 1, words),), ())
        if self.random.random() < 0.15:
            return self._wild_text(draft, group, text, words)
        shown = sum(identity not in text.deleted for identity in text.characters)
        at = self.random.randint(0, shown)
        removed = self.random.choice((0, 0, 1, 3))
        inserted = words if self.random.random() < 0.7 or not removed or at == shown else ""
        insertions, gone = text.edits(at, removed, inserted)
        return TextEdit(group, tuple(insertions), deletions_of(gone))

    def _wild_text(self, draft: Draft, group: int, text: Text, words: str) -> Effect:
        """Hangs characters anywhere, also on what was never there, and deletes the same."""
        identities = sorted(text.characters)
        held = self._held(draft)
        insertions = []
        for _ in range(self.random.randint(1, 3)):
            parent: Any = self.random.choice([*identities, None])
            if held and self.random.random() < 0.2:
                parent = (self.random.choice(held), self.random.choice((0, 2, 2**32 - 1)))
            insertions.append(Insertion(parent, self.random.randint(0, 1), words))
        deletions: tuple[Deletion, ...] = ()
        if held and self.random.random() < 0.7:
            dot = self.random.choice(held)
            deletions = (Deletion(dot, 1, 2), Deletion(dot, 4, self.random.choice((1, 2**32 - 5))))
        return TextEdit(group, tuple(insertions), deletions)

    def _unknown(self, draft: Draft, row: Row, group: int, is_insert: bool) -> Effect:
        kind = self.random.choice((6, 7, 99, 2**63 - 1))
        return Unknown(group, kind, [group, kind, *self.random.choice(([], [1, ["x", True]], [None]))])


def give(source: Replica, target: Replica, most: int) -> None:
    """Hands over at most so many stretches that the target lacks, in the source's order."""
    runs: list[Run] = []
    for stretch in source.stretches:
        log = target.logs.get(stretch.replica)
        if len(runs) < most and (log is None or len(log.hashes) <= stretch.last):
            runs.append(source.run(stretch.replica, stretch.first, stretch.last))
    target.receive(*runs)
