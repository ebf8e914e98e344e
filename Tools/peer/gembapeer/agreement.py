"""Whether replicas that hold the same have the same rows: the tree, and what is said about it (10-agreement)."""

import hmac
from functools import cache
from hashlib import sha256
from typing import Any, Iterable, NamedTuple

from . import keys
from .fields import array, ascending, blob, natural, need, number32

RowName = tuple[int, bytes]
MOST_ROWS = 64
DEPTH = 16
MOST_STATE = 32 * 1024
MOST_RANGES, MOST_ROWS_ASKED = 32, 16
NOT_COMPARED = bytes(16)


# Frames


class Compare(NamedTuple):
    """A question: about ranges with their fingerprints, or about single rows."""

    number: int
    data: bytes
    roster: bytes
    epoch: bytes | None
    ranges: tuple[tuple[bytes, bytes], ...]
    rows: tuple[RowName, ...]

    @staticmethod
    def read(fields: list[Any]) -> "Compare":
        number, data, roster, epoch, subject = array(fields, 5)
        kind, items = array(subject, 2)
        ranges: tuple[tuple[bytes, bytes], ...] = ()
        rows: tuple[RowName, ...] = ()
        if natural(kind, 1) == 0:
            pairs = [array(item, 2) for item in array(items, 1, MOST_RANGES)]
            ranges = tuple((_digits(digits), blob(mark, 16)) for digits, mark in pairs)
            need(ascending([digits for digits, _ in ranges]), "A6: ranges are not sorted, one each")
        else:
            rows = tuple(_row_name(*array(item, 2)) for item in array(items, 1, MOST_ROWS_ASKED))
            need(ascending(rows), "A6: rows are not sorted, one each")
        epoch = None if epoch is None else blob(epoch, 16)
        return Compare(natural(number), blob(data, 16), blob(roster, 16), epoch, ranges, rows)

    def fields(self) -> list[Any]:
        return [*self[:4], [1, self.rows] if self.rows else [0, self.ranges]]


class StatedRow(NamedTuple):
    table: int
    row: bytes
    fingerprint: bytes | None


class StatedRange(NamedTuple):
    """A range by the fingerprints of those within, or by its rows."""

    digits: bytes
    children: tuple[bytes, ...] | None
    rows: tuple[StatedRow, ...]

    @staticmethod
    def read(item: Any) -> "StatedRange":
        name, kind, content = array(item, 3)
        digits = _digits(name)
        if natural(kind, 1) == 0:
            need(len(digits) < DEPTH, "A2: ranges within the smallest")
            return StatedRange(digits, tuple(blob(mark, 16) for mark in array(content, 16)), ())
        triples = [array(row, 3) for row in array(content, 0, MOST_ROWS)]
        rows = tuple(
            StatedRow(*_row_name(table, row), None if mark is None else blob(mark, 16)) for table, row, mark in triples
        )
        need(ascending([row[:2] for row in rows]), "A7: rows are not sorted, one each")
        need(all(place_digits(*row[:2]).startswith(digits) for row in rows), "A7: a row of another range")
        return StatedRange(digits, None, rows)

    def item(self) -> list[Any]:
        return [self.digits, 1, self.rows] if self.children is None else [self.digits, 0, self.children]


class RowState(NamedTuple):
    table: int
    row: bytes
    state: bytes


class Statement(NamedTuple):
    """An answer: about ranges, about rows, or that there is none (A5)."""

    number: int
    ranges: tuple[StatedRange, ...] | None
    states: tuple[RowState, ...] | None

    @staticmethod
    def read(fields: list[Any]) -> "Statement":
        number, stated = array(fields, 2)
        if stated is None:
            return Statement(natural(number), None, None)
        kind, items = array(stated, 2)
        if natural(kind, 1) == 0:
            ranges = tuple(StatedRange.read(item) for item in array(items, 0, MOST_RANGES))
            need(ascending([stated.digits for stated in ranges]), "A7: stated ranges are not sorted, one each")
            return Statement(natural(number), ranges, None)
        triples = [array(item, 3) for item in array(items, 1, MOST_ROWS_ASKED)]
        states = tuple(RowState(*_row_name(table, row), blob(state, 0, MOST_STATE)) for table, row, state in triples)
        need(ascending([state[:2] for state in states]), "A9: states are not sorted, one each")
        return Statement(natural(number), None, states)

    def fields(self) -> list[Any]:
        if self.ranges is not None:
            return [self.number, [0, [stated.item() for stated in self.ranges]]]
        return [self.number, None if self.states is None else [1, self.states]]


def _digits(item: Any) -> bytes:
    need(all(digit < 16 for digit in blob(item, 0, DEPTH)), "A6: a digit")
    return bytes(item)


def _row_name(table: Any, row: Any) -> RowName:
    return number32(table), blob(row, 16)


# The tree


@cache
def place_digits(table: int, row: bytes) -> bytes:
    """The place of a row as hexadecimal digits, one to a byte (§1)."""
    place = sha256(table.to_bytes(4, "big") + row).digest()[:8]
    return bytes(digit for byte in place for digit in (byte >> 4, byte & 15))


def row_digest(state: bytes | None) -> bytes:
    """That of a row in its canonical encoding, or of one that is not compared (A1)."""
    return NOT_COMPARED if state is None else sha256(state).digest()[:16]


class Tree:
    """The merge states of all rows, None where effects are kept that are not understood."""

    def __init__(self, rows: dict[RowName, bytes | None], secret: bytes):
        self.rows = rows
        self.key = keys.derive(secret, b"gemba/agreement/1")
        self.sorted = sorted((place_digits(*name), *name) for name in rows)
        self.digests: dict[bytes, bytes] = {}

    def under(self, digits: bytes) -> list[RowName]:
        return [(table, row) for place, table, row in self.sorted if place.startswith(digits)]

    def is_divided(self, digits: bytes) -> bool:
        return len(digits) < DEPTH and len(self.under(digits)) > MOST_ROWS

    def _digest(self, digits: bytes) -> bytes:
        if digits not in self.digests:
            if self.is_divided(digits):
                content = b"\1" + b"".join(self._digest(within) for within in _within(digits))
            else:
                content = b"\0" + b"".join(row_digest(self.rows[name]) for name in self.under(digits))
            self.digests[digits] = sha256(content).digest()[:16]
        return self.digests[digits]

    def _mark(self, content: bytes) -> bytes:
        return hmac.digest(self.key, content, "sha256")[:16]

    def fingerprint(self, digits: bytes) -> bytes:
        return self._mark(b"\0" + digits + self._digest(digits))

    def row_fingerprint(self, name: RowName) -> bytes | None:
        state = self.rows[name]
        return None if state is None else self._mark(b"\1" + row_digest(state))

    def statement(self, digits: bytes) -> StatedRange:
        """The range by those within it, or by its rows (A7)."""
        if self.is_divided(digits):
            return StatedRange(digits, tuple(self.fingerprint(within) for within in _within(digits)), ())
        rows = (StatedRow(*name, self.row_fingerprint(name)) for name in sorted(self.under(digits)))
        return StatedRange(digits, None, tuple(rows))

    def is_passed_over(self, name: RowName) -> bool:
        return name in self.rows and self.rows[name] is None

    def state(self, name: RowName) -> RowState:
        """A9."""
        state = self.rows.get(name) or b""
        return RowState(*name, state if len(state) <= MOST_STATE else row_digest(state))

    def answer(self, question: Compare) -> Statement:
        """What is another here than the asker has it (A7, A8)."""
        if question.rows:
            return Statement(question.number, None, tuple(self.state(name) for name in question.rows))
        differing = [digits for digits, mark in question.ranges if self.fingerprint(digits) != mark]
        return Statement(question.number, tuple(map(self.statement, differing)), None)

    def differing(self, stated: Iterable[StatedRange]) -> tuple[list[bytes], list[RowName]]:
        """The ranges to ask about next, and the rows that differ, after an answer (A7)."""
        ranges: list[bytes] = []
        rows: set[RowName] = set()
        for theirs in stated:
            if theirs.children is None:
                mine = {name: self.row_fingerprint(name) for name in self.under(theirs.digits)}
                there = {row[:2]: row.fingerprint for row in theirs.rows}
                rows |= {
                    name for name in {*mine, *there}
                    if mine.get(name, b"") != there.get(name, b"")
                    and mine.get(name, b"") is not None and there.get(name, b"") is not None
                }  # fmt: skip
            else:
                pairs = zip(_within(theirs.digits), theirs.children)
                ranges += [digits for digits, mark in pairs if self.fingerprint(digits) != mark]
        return ranges, sorted(rows)


def _within(digits: bytes) -> list[bytes]:
    return [digits + bytes((digit,)) for digit in range(16)]
