"""Vectors for 10-agreement.md: the tree of rows, and the frames by which two nodes compare it."""

import hmac

from cases_logs import PLANT
from encoding import encode
from structures import hkdf, seeded, sha256

GREATEST_LEAF = 64
DEPTH = 16


# ---- The tree ----------------------------------------------------------------


def place(table, row):
    return sha256(table.to_bytes(4, "big") + row)[:8]


def digits_of(name):
    return [digit for byte in name for digit in (byte >> 4, byte & 15)]


def row_digest(state):
    return bytes(16) if state is None else sha256(state)[:16]


class Tree:
    """The rows {(table, row): canonical state, or None where effects are not understood}."""

    def __init__(self, rows, secret):
        self.rows = sorted((place(*name), *name, row_digest(state)) for name, state in rows.items())
        self.key = hkdf(secret, b"gemba/agreement/1")

    def under(self, digits):
        return [row for row in self.rows if digits_of(row[0])[: len(digits)] == list(digits)]

    def digest(self, digits=()):
        rows = self.under(digits)
        if len(rows) <= GREATEST_LEAF or len(digits) == DEPTH:
            return sha256(b"\0" + b"".join(row[3] for row in rows))[:16]
        return sha256(b"\1" + b"".join(self.digest((*digits, digit)) for digit in range(16)))[:16]

    def fingerprint(self, content):
        return hmac.digest(self.key, content, "sha256")[:16]

    def range(self, digits=()):
        return self.fingerprint(b"\0" + bytes(digits) + self.digest(digits))

    def row(self, row):
        return None if row[3] == bytes(16) else self.fingerprint(b"\1" + row[3])

    def statement(self, digits=()):
        rows = self.under(digits)
        if len(rows) <= GREATEST_LEAF:
            return [bytes(digits), 1, sorted([row[1], row[2], self.row(row)] for row in rows)]
        return [bytes(digits), 0, [self.range((*digits, digit)) for digit in range(16)]]


def trees():
    def case(rule, name, rows, epoch, ranges):
        tree = Tree(rows, epoch or PLANT)
        stated = [encode(tree.statement(digits)) for digits in ranges]
        return {
            "rule": rule, "name": name, "valid": True, "plant": PLANT, "epoch": epoch,
            "rows": [[table, row, state] for (table, row), state in sorted(rows.items())],
            "ranges": [[bytes(digits), tree.range(digits)] for digits in ranges], "statements": stated,
        }  # fmt: skip

    def rows(count):
        names = [(1 + index % 2, seeded(f"row {index}", 16)) for index in range(count)]
        return {name: encode([*name, [[seeded("replica", 16), 1, 0]], [[1, 0, [[seeded("replica", 16), 1, index]]]]])
                for index, name in enumerate(names)}  # fmt: skip

    epoch = seeded("epoch key", 32)
    few, many = rows(3), rows(300)
    yield case("A2", "no rows, without an epoch", {}, None, [()])
    yield case("A3", "three rows, without an epoch", few, None, [()])
    yield case("A3", "three rows under an epoch", few, epoch, [()])
    yield case("A1", "a row that is not compared", few | {(7, seeded("row 99", 16)): None}, epoch, [()])
    yield case("A2", "64 rows are one range", rows(64), epoch, [()])
    yield case("A2", "65 rows are sixteen", rows(65), epoch, [(), (0,), (15,)])
    yield case("A2", "300 rows", many, epoch, [(), *((digit,) for digit in range(16)), (3, 1), (3, 1, 4)])


# ---- Frames ------------------------------------------------------------------


def frames(session, case):
    data, roster, epoch = seeded("data root", 16), seeded("roster root", 16), seeded("epoch", 16)
    prints = [seeded(f"fingerprint {index}", 16) for index in range(17)]
    names = sorted([1, seeded(f"row {index}", 16)] for index in range(3))

    def question(rule, name, subject, error=None, key=epoch, **expected):
        basis = {"data": data, "roster": roster, "epoch": key}
        return case(rule, name, [14, session, 5, *basis.values(), subject], error,
                    type=14, number=5, **basis, **expected)  # fmt: skip

    def ranges(rule, name, ranges, error=None, **changes):
        shown = [{"range": digits, "fingerprint": mark} for digits, mark in ranges]
        return question(rule, name, [0, [list(item) for item in ranges]], error, ranges=shown, **changes)

    def rows(rule, name, rows, error=None):
        shown = [{"table": table, "row": row} for table, row in rows]
        return question(rule, name, [1, rows], error, rows=shown)

    yield ranges("A5", "a question about all rows", [(b"", prints[0])])
    yield ranges("A5", "a question without an epoch", [(b"", prints[0])], key=None)
    yield ranges("A6", "a question about two ranges", [(bytes([1]), prints[0]), (bytes([2, 15]), prints[1])])
    yield ranges("A6", "a question about the smallest range", [(bytes([15] * 16), prints[0])])
    yield ranges("A6", "a question about 32 ranges", [(bytes([1, n // 16, n % 16]), prints[0]) for n in range(32)])
    yield ranges("A6", "a question about 33 ranges", [(bytes([1, n // 16, n % 16]), prints[0]) for n in range(33)], "tooLong")
    yield ranges("A6", "a question about no ranges", [], "invalid")
    yield ranges("A6", "ranges of rows out of order", [(bytes([2]), prints[0]), (bytes([1]), prints[1])], "invalid")
    yield ranges("A6", "a range twice", [(bytes([2]), prints[0])] * 2, "invalid")
    yield ranges("A6", "a digit beyond 15", [(bytes([16]), prints[0])], "outOfRange")
    yield ranges("A6", "a range of 17 digits", [(bytes(17), prints[0])], "outOfRange")
    yield ranges("A3", "a fingerprint of 15 bytes", [(b"", bytes(15))], "invalid")
    yield rows("A8", "a question about three rows", names)
    yield rows("A8", "a question about 16 rows", [[n, bytes(16)] for n in range(16)])
    yield rows("A8", "a question about 17 rows", [[n, bytes(16)] for n in range(17)], "tooLong")
    yield rows("A8", "rows in a question out of order", names[::-1], "invalid")
    yield rows("A8", "a table beyond 32 bits", [[1 << 32, bytes(16)]], "outOfRange")
    yield question("A5", "a question about something else", [2, [[b"", prints[0]]]], "outOfRange")

    def statement(rule, name, body, error=None, **expected):
        return case(rule, name, [15, session, 5, body], error, type=15, number=5, **expected)

    def stated(rule, name, ranges, error=None):
        shown = [
            {"range": digits, "children": content} if kind == 0
            else {"range": digits, "rows": [dict(zip(("table", "row", "fingerprint"), item)) for item in content]}
            for digits, kind, content in ranges if kind < 2
        ]  # fmt: skip
        return statement(rule, name, [0, ranges], error, ranges=shown)

    listed = [[*names[0], prints[0]], [*names[1], None], [*names[2], prints[2]]]
    yield statement("A5", "no answer at present", None, content=None)
    yield stated("A7", "nothing differs", [])
    yield stated("A7", "the ranges within a range", [[b"", 0, prints[:16]]])
    yield stated("A7", "the rows of a range", [[b"", 1, listed]])
    yield stated("A7", "a range without rows", [[bytes([7]), 1, []]])
    yield stated("A7", "fifteen ranges within", [[b"", 0, prints[:15]]], "invalid")
    yield stated("A7", "ranges within the smallest", [[bytes(16), 0, prints[:16]]], "invalid")
    yield stated("A7", "rows out of order", [[b"", 1, listed[::-1]]], "invalid")
    elsewhere = bytes([(digits_of(place(*names[0]))[0] + 1) % 16])
    yield stated("A7", "a row of another range", [[elsewhere, 1, listed[:1]]], "invalid")
    yield stated("A7", "65 rows", [[b"", 1, [[n, bytes(16), prints[0]] for n in range(65)]]], "tooLong")
    yield stated("A7", "a statement of another kind", [[b"", 2, []]], "outOfRange")

    def states(rule, name, states, error=None):
        shown = [{"table": table, "row": row, "state": state} for table, row, state in states]
        return statement(rule, name, [1, states], error, states=shown)

    yield states("A9", "the states of two rows", [[*names[0], encode([1, 2, [], []])], [*names[1], b""]])
    yield states("A9", "a state of 32 KiB", [[*names[0], bytes(32 << 10)]])
    yield states("A9", "a state of more", [[*names[0], bytes((32 << 10) + 1)]], "tooLong")
    yield states("A9", "no states", [], "invalid")
    yield statement("A7", "an answer about something else", [2, []], "outOfRange")
