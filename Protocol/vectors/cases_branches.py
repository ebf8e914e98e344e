"""Vectors for branches of forked logs: 02-change.md §9 and 07-sync.md §8."""

from cases_logs import FOUNDER, PLANT, PRESS
from encoding import encode
from structures import PROTECTED, Entry, change, genesis, DATA, Log, seeded, sha256, signed

SECOND_STATION = FOUNDER


def name(log, first):
    return sha256(b"branch" + log + first)[:16]


def log_with(reasons, station=PRESS):
    """A log of one genesis with an entry for each reason: equal beginnings make equal hashes."""
    log = Log(station, genesis(DATA, PLANT, station, "P4 forked data", frontier=[]))
    for number, reason in enumerate(reasons, 1):
        log.append(change([], lamport=number, reason=reason))
    return log


def half(log, first, last, head=None):
    headers = [entry.header for entry in log.entries[first : last + 1]]
    return [headers, head or signed(log.station.signing, log.entries[last], PLANT)]


def proof(one, other, first, last_of_one=None, last_of_other=None):
    ends = (last_of_one or one.last.sequence, last_of_other or other.last.sequence)
    halves = sorted(
        ((log.entries[first].hash, half(log, first, end)) for log, end in zip((one, other), ends)), key=lambda item: item[0]
    )
    return [one.entries[0].hash[:16], first, one.entries[first - 1].hash, *(item[1] for item in halves)]


def proofs():
    common = ["one", "two"]
    left, right = log_with([*common, "left", "left again"]), log_with([*common, "right"])

    def case(title, item, error=None, rule="K1", logs=(left, right), first=3):
        result = {"rule": rule, "name": title, "valid": error is None, "input": encode(item), "plant": PLANT, "station": PRESS.key}
        if error:
            return result | {"error": error}
        names = sorted((log.entries[first].hash, name(item[0], log.entries[first].hash)) for log in logs)
        return result | {"log": item[0], "first": first, "names": [pair[1] for pair in names]}

    good = proof(left, right, 3)
    yield case("two halves that hang on one entry", good)
    yield case("two halves of one entry each", proof(left, right, 3, last_of_one=3))
    early = log_with(["another one"])
    yield case("a fork at the first change", proof(left, early, 1), logs=(left, early), first=1)
    yield case("halves out of order", [*good[:3], good[4], good[3]], "invalid")
    yield case("one half twice", [*good[:4], good[3]], "invalid")
    yield case("a half without entries", [*good[:4], [[], good[4][1]]], "invalid")
    yield case("a fork at the genesis", [good[0], 0, *good[2:]], "outOfRange")
    yield case("a head of another entry", [*good[:4], [good[4][0], left.head(left.entries[1])]], "signature", rule="K2")
    stranger = signed(SECOND_STATION.signing, right.last, PLANT)
    replaced = [half(right, 3, 3, stranger) if item == half(right, 3, 3) else item for item in good]
    yield case("a half that another station signed", replaced, "signature", rule="K2")
    other = seeded("other hash", 32)
    hung = sorted(good[3:], key=lambda item: sha256(b"gemba/entry/1" + other + item[0][0]))
    yield case("another hash before the fork", [*good[:2], other, *hung], "signature", rule="K2")
    elsewhere = Entry(left.entries[0].hash[:16], 4, left.entries[2].hash, body=right.entries[3].body)
    moved = [[elsewhere.header], signed(PRESS.signing, elsewhere, PLANT)]
    kept = [item for item in good[3:] if item[0][0] == left.entries[3].header]
    sorted_halves = sorted([kept[0], moved], key=lambda item: sha256(b"gemba/entry/1" + good[2] + item[0][0]))
    yield case("a header of another number", [*good[:3], *sorted_halves], "invalid")
    yield case("a proof of four elements", good[:4], "invalid")
    unprotected = [*good[:4], [good[4][0], [PROTECTED, {4: b"key"}, None, bytes(64)]]]
    yield case("a head with an unprotected header", unprotected, "invalid", rule="H1")


def frames(session, case):
    def point(number):
        return [number, seeded(f"prefix {number}", 16)]

    logs = sorted(seeded(f"log {index}", 16) for index in range(3))
    traces = [[logs[0], [point(0), point(4), point(6), point(7)]], [logs[1], [point(9)]]]

    def trace(title, traces, error=None, asks=1, kind=0, rule="S26"):
        return case(rule, title, [18, session, kind, 3, asks, traces], error,
                    type=18, kind=kind, round=3, asks=asks == 1,
                    traces=[{"log": log, "points": [dict(zip(("sequence", "prefix"), item)) for item in points]}
                            for log, points in traces])  # fmt: skip

    yield trace("traces of two logs", traces)
    yield trace("an answer", traces[:1], asks=0)
    yield trace("traces of roster logs", traces, kind=1)
    yield trace("a kind of log that there is not", traces, "invalid", kind=2)
    ends = sorted([7, seeded(f"end {index}", 16)] for index in range(2))
    yield trace("two ends with one number", [[logs[0], ends]])
    yield trace("1,024 points", [[logs[0], [point(number) for number in range(1024)]]])
    yield trace("1,025 points", [[logs[0], [point(number) for number in range(1000)]], [logs[1], [point(number) for number in range(25)]]], "tooLong")
    yield trace("no traces", [], "invalid")
    yield trace("a trace without points", [[logs[0], []]], "invalid")
    yield trace("traces out of order", traces[::-1], "invalid")
    yield trace("two traces of one log", [traces[0], traces[0]], "invalid")
    yield trace("points out of order", [[logs[0], [point(4), point(0)]]], "invalid")
    yield trace("a point twice", [[logs[0], [point(4), point(4)]]], "invalid")
    yield trace("neither a question nor an answer", traces, "outOfRange", asks=2)
    yield trace("a prefix of 15 bytes", [[logs[0], [[4, bytes(15)]]]], "invalid", rule="E10")
