"""What changes do to rows, and the digest that proves it (04-operations §3 to §7)."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Iterator

from .body import (
    DELETE, INSERT, Base, Body, Drop, Effect, Fact, Increment, Operation, Register, SetEdit, TextEdit, Unknown,
)  # fmt: skip
from .encoding import encode
from .fields import Dot, Replica
from .text import Text

Clock = dict[Replica, int]
ALIVE, DELETED = 0, 1


@dataclass
class Counter:
    """The state of family 2 (M9)."""

    bases: dict[Dot, tuple[int, tuple[tuple[Dot, int], ...]]] = field(default_factory=dict)
    sums: dict[Dot, int] = field(default_factory=dict)
    initial: int = 0

    def increment(self, bases: tuple[Dot, ...], delta: int) -> None:
        for dot in bases:
            self.sums[dot] = self.sums.get(dot, 0) + delta
        if not bases:
            self.initial += delta

    def rebase(self, dot: Dot, base: Base) -> None:
        for replaced, _ in base.replaces:
            self.bases.pop(replaced, None)
        self.bases[dot] = base.value, base.replaces

    def state(self) -> list[Any] | None:
        bases = [
            [*dot, value, [[*seen, total] for seen, total in observed]]
            for dot, (value, observed) in sorted(self.bases.items())
        ]
        sums = [[*dot, wrapped(total)] for dot, total in sorted(self.sums.items()) if total % 2**128]
        if not bases and not sums and not self.initial % 2**128:
            return None
        return [bases, sums, wrapped(self.initial)]


def wrapped(total: int) -> bytes:
    """Two's complement modulo 2^128 (M15e)."""
    return (total % 2**128).to_bytes(16, "big")


@dataclass
class Row:
    """The merge state of one row, by (group, family) where the families differ."""

    presence: dict[Dot, int] = field(default_factory=dict)
    is_inserted: bool = False
    drops: list[Dot] = field(default_factory=list)
    registers: dict[int, dict[Dot, tuple[Any, ...]]] = field(default_factory=dict)
    sets: dict[int, dict[bytes, set[Dot]]] = field(default_factory=dict)
    elements: dict[bytes, Any] = field(default_factory=dict)
    counters: dict[int, Counter] = field(default_factory=dict)
    facts: dict[int, dict[Dot, tuple[Any, ...]]] = field(default_factory=dict)
    texts: dict[int, Text] = field(default_factory=dict)
    is_understood: bool = True

    def apply(self, dot: Dot, operation: Operation, past: Clock, may_drop: bool) -> None:
        """Applies one operation by the change `dot`, whose causal past is `past`."""
        counts = all(past.get(drop.replica, 0) >= drop.seq for drop in self.drops)
        for seen in operation.saw:
            self.presence.pop(seen, None)
        self.presence[dot] = DELETED if operation.verb == DELETE else ALIVE
        if any(isinstance(effect, Drop) for effect in operation.effects):
            # M16d: by others it is a delete without effects.
            if may_drop:
                self._drop(dot)
        elif counts:
            self.is_inserted |= operation.verb == INSERT
            for effect in operation.effects:
                self._apply(dot, effect)

    def _drop(self, dot: Dot) -> None:
        kept = Row(presence=self.presence, drops=[*self.drops, dot])
        self.__dict__.update(kept.__dict__)

    def _apply(self, dot: Dot, effect: Effect) -> None:
        match effect:
            case Register(group, replaces, values):
                siblings = self.registers.setdefault(group, {})
                for replaced in replaces:
                    siblings.pop(replaced, None)
                siblings[dot] = values
            case SetEdit(group, edits):
                adds = self.sets.setdefault(group, {})
                for edit in edits:
                    key = encode(edit.value)
                    self.elements[key] = edit.value
                    dots = adds.setdefault(key, set())
                    dots.difference_update(edit.saw)
                    if edit.adds:
                        dots.add(dot)
            case Increment(group, bases, delta):
                self.counters.setdefault(group, Counter()).increment(bases, delta)
            case Base(group):
                self.counters.setdefault(group, Counter()).rebase(dot, effect)
            case Fact(group, values):
                self.facts.setdefault(group, {})[dot] = values
            case TextEdit(group, insertions, deletions):
                text = self.texts.setdefault(group, Text())
                text.insert(dot, insertions)
                text.delete(deletions)
            case Unknown():
                self.is_understood = False

    @property
    def is_alive(self) -> bool:
        return self.is_inserted and ALIVE in self.presence.values()

    def groups(self) -> Iterator[tuple[int, int, Any]]:
        """The states of all groups that have one, unsorted (M15c)."""
        for family, kept in ((0, self.registers), (4, self.facts)):
            for group, siblings in kept.items():
                if siblings:
                    yield group, family, [[*dot, *values] for dot, values in sorted(siblings.items())]
        for group, adds in self.sets.items():
            if state := [[self.elements[key], sorted(dots)] for key, dots in sorted(adds.items()) if dots]:
                yield group, 1, state
        for group, counter in self.counters.items():
            if (kept_state := counter.state()) is not None:
                yield group, 2, kept_state
        for group, text in self.texts.items():
            if state := text.state():
                yield group, 5, state

    def encoded(self, table: int, row: bytes) -> bytes:
        """The row as digests name it (§6)."""
        presence = [[*dot, mark] for dot, mark in sorted(self.presence.items())]
        return encode([table, row, presence, sorted(self.groups(), key=lambda state: state[:2])])


class State:
    """The merge states of all rows of all tables."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, bytes], Row] = {}

    def apply(self, dot: Dot, body: Body, past: Clock, may_drop: bool) -> None:
        for operation in body.operations:
            row = self.rows.setdefault((operation.table, operation.row), Row())
            row.apply(dot, operation, past, may_drop)

    def encoded_rows(self) -> list[bytes]:
        return [row.encoded(*key) for key, row in sorted(self.rows.items())]

    def compared_rows(self) -> dict[tuple[int, bytes], bytes | None]:
        """The rows as two nodes compare them: None where effects are kept that are not understood (10-agreement A1)."""
        return {key: row.encoded(*key) if row.is_understood else None for key, row in self.rows.items()}

    def digest(self) -> bytes:
        return sha256(b"gemba/digest/1" + b"".join(self.encoded_rows())).digest()
