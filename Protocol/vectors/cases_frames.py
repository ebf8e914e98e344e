"""Vectors for the frames of 06-session.md and 07-sync.md, and for digests of vectors."""

import cases_agreement
import cases_backfill
import cases_branches
import cases_checkpoints
import cases_dissemination
import cases_packs
from cases_logs import FOUNDER, PLANT, PRESS, press_log
from encoding import Raw, encode
from structures import DATA, ROSTER, seeded, sha256

SESSION = seeded("session", 8)
DIGEST = seeded("digest", 16)
REFS = sorted([seeded(f"replica {index}", 16), index, seeded(f"prefix {index}", 16)] for index in range(3))
PREFIX = bytes([0, 15, 7])
CHILDREN = [seeded(f"child {index}", 8) for index in range(16)]


def case(rule, name, fields, error=None, **expected):
    result = {"rule": rule, "name": name, "valid": error is None, "input": encode(fields)}
    if error:
        return result | {"error": error}
    return result | {"session": fields[1], "expected": expected}


def hello(tip=None, held=(), extra=(), **changes):
    fields = {
        "lowestVersion": 1,
        "highestVersion": 2,
        "plant": PLANT,
        "station": PRESS.key,
        "nonce": seeded("nonce", 8),
        "capabilities": 0,
        "wallClock": 1_700_000_000_123,
        "tip": tip,
        "held": list(held),
    } | changes
    return fields, [0, SESSION, *fields.values(), *extra]


def frames():
    yield from hellos()
    yield from comparisons()
    yield from streams()
    yield from endings()
    yield from cases_checkpoints.frames(SESSION, case)
    yield from cases_packs.frames(case)
    yield from cases_backfill.frames(SESSION, case)
    yield from cases_agreement.frames(SESSION, case)
    yield from cases_branches.frames(SESSION, case)
    yield from cases_dissemination.frames(SESSION, case)
    yield case("N3", "an unknown type", [4000, SESSION, 0], "invalid")
    yield case("N3", "a negative type", [-1, SESSION, 0], "wrongType")
    yield case("N3", "no type", [], "invalid")
    yield case("N3", "a map", {0: SESSION}, "wrongType")
    yield case("N1", "a session id of seven bytes", [6, bytes(7), 0, ""], "invalid")
    yield case("E9", "bytes after a frame", Raw(encode([6, SESSION, 0, ""]), b"\0"), "trailingBytes")
    yield case("E1", "a type in two bytes", [Raw(b"\x18\x06"), SESSION, 0, ""], "notDeterministic")
    yield case("L1", "more than 1 MiB", [0, SESSION, bytes(1 << 20)], "tooLong")


def hellos():
    log = press_log()
    held = [[entry.replica, entry.sequence, entry.hash, log.head(entry)] for entry in (log.entries[1], log.last)]

    def expected(fields, extensions=()):
        heads = [
            {"replica": replica, "sequence": sequence, "hash": digest, "signature": head[3]}
            for replica, sequence, digest, head in fields["held"]
        ]
        return fields | {"type": 0, "held": heads, "extensions": [encode(item) for item in extensions]}

    fields, item = hello()
    yield case("N2", "a hello of a joiner", item, **expected(fields))
    fields, item = hello(REFS[0], held)
    yield case("N5", "a hello with held heads", item, **expected(fields))
    fields, item = hello(capabilities=1)
    yield case("C9", "a hello of a node that knows checkpoints", item, **expected(fields))
    fields, item = hello(capabilities=2)
    yield case("S15", "a hello of a node that takes packs", item, **expected(fields))
    fields, item = hello(capabilities=4)
    yield case("C20", "a hello of a node that gives bodies again", item, **expected(fields))
    fields, item = hello(capabilities=8)
    yield case("A4", "a hello of a node that compares rows", item, **expected(fields))
    fields, item = hello(capabilities=16)
    yield case("S28", "a hello of a node that knows branches", item, **expected(fields))
    fields, item = hello(capabilities=32)
    yield case("T1", "a hello of a node that takes part in the tree", item, **expected(fields))
    fields, item = hello(capabilities=5, extra=[{1: True}, "later"])
    yield case("N2", "a hello with more elements", item, **expected(fields, [{1: True}, "later"]))
    fields, item = hello(held=[held[0]] * 8)
    yield case("N5", "eight held heads", item, **expected(fields))
    yield case("N5", "nine held heads", hello(held=[held[0]] * 9)[1], "tooLong")
    short = [*held[0][:2], held[0][2][:16], held[0][3]]
    yield case("N5", "a held head with a prefix instead of the hash", hello(held=[short])[1], "invalid")
    yield case("N2", "a hello without held heads", hello()[1][:-1], "invalid")
    yield case("E7", "a tag after the elements of a hello", hello(extra=[Raw(b"\xc1\x00")])[1], "wrongType")
    yield case("E10", "a plant of 31 bytes", hello(plant=bytes(31))[1], "invalid")
    yield case("E3", "a wall clock of 2^63", hello(wallClock=2**63)[1], "outOfRange")
    yield case("N2", "a negative version", hello(lowestVersion=-1)[1], "wrongType")


def comparisons():
    yield case("V1", "a root", [1, SESSION, DATA, 3, DIGEST, 200], type=1, kind=0, round=3, digest=DIGEST, count=200)
    yield case("V1", "a root of an empty vector", [1, SESSION, ROSTER, 1, sha256(b"")[:16], 0],
               type=1, kind=1, round=1, digest=sha256(b"")[:16], count=0)  # fmt: skip
    yield case("V1", "a digest of 32 bytes", [1, SESSION, DATA, 3, bytes(32), 200], "invalid")
    yield case("V1", "a root of an unknown kind", [1, SESSION, 2, 3, DIGEST, 200], "invalid")
    yield case("V1", "a root with a field too many", [1, SESSION, DATA, 3, DIGEST, 200, 0], "invalid")

    def vector(rule, name, parts, error=None, shown=None):
        return case(rule, name, [2, SESSION, DATA, 3, parts], error, type=2, kind=0, round=3, parts=shown)

    def ref(reference):
        return dict(zip(("replica", "sequence", "prefix"), reference))

    refs = [ref(reference) for reference in REFS]
    yield vector("V2", "all entries", [[b"", [0, REFS]]], shown=[{"prefix": b"", "entries": refs}])
    yield vector("V2", "no entries", [[b"", [0, []]]], shown=[{"prefix": b"", "entries": []}])
    yield vector("V2", "digests", [[PREFIX, [1, CHILDREN]]], shown=[{"prefix": PREFIX, "digests": CHILDREN}])
    difference = [REFS[0], [REFS[1][0], None]]
    shown = [{"prefix": b"", "difference": [refs[0], {"replica": REFS[1][0]}]}]
    yield vector("V3", "a difference", [[b"", [2, difference]]], shown=shown)
    yield vector("V3", "no difference", [[b"", [2, []]]], shown=[{"prefix": b"", "difference": []}])
    children = [[0, [0, REFS[:1]]], [15, [1, CHILDREN]]]
    shown = [{"prefix": PREFIX, "children": [{"digit": 0, "entries": refs[:1]}, {"digit": 15, "digests": CHILDREN}]}]
    yield vector("V4", "children", [[PREFIX, [3, children]]], shown=shown)
    parts = [[bytes([1]), [0, []]], [bytes([1, 2]), [1, CHILDREN]]]
    shown = [{"prefix": bytes([1]), "entries": []}, {"prefix": bytes([1, 2]), "digests": CHILDREN}]
    yield vector("V5", "two parts", parts, shown=shown)
    whole = bytes([15] * 32)
    yield vector("V5", "a prefix of 32 digits", [[whole, [0, []]]], shown=[{"prefix": whole, "entries": []}])
    yield vector("V5", "no parts", [], "invalid")
    yield vector("V5", "a prefix of 33 digits", [[bytes(33), [0, []]]], "invalid")
    yield vector("V5", "a digit of 16", [[bytes([16]), [0, []]]], "invalid")
    yield vector("V6", "entries out of order", [[b"", [0, REFS[::-1]]]], "invalid")
    yield vector("V6", "a difference out of order", [[b"", [2, difference[::-1]]]], "invalid")
    yield vector("V6", "children out of order", [[b"", [3, children[::-1]]]], "invalid")
    yield vector("V6", "a child twice", [[b"", [3, [children[0], children[0]]]]], "invalid")
    yield vector("V2", "fifteen digests", [[b"", [1, CHILDREN[:15]]]], "invalid")
    yield vector("V2", "a digest of nine bytes", [[b"", [1, [bytes(9), *CHILDREN[1:]]]]], "invalid")
    yield vector("V4", "child 16", [[b"", [3, [[16, [0, []]]]]]], "outOfRange")
    yield vector("V4", "children of a child", [[b"", [3, [[0, [3, []]]]]]], "invalid")
    yield vector("V4", "a difference of a child", [[b"", [3, [[0, [2, []]]]]]], "invalid")
    yield vector("V2", "an unknown kind of part", [[b"", [4, []]]], "invalid")


def streams():
    log = press_log()
    run = log.run(1)

    def shown(run):
        previous = run[2] or None
        return {"replica": run[0], "first": run[1], "previous": previous, "entries": run[3], "signature": run[4][3]}

    yield case("S3", "a batch of two runs", [3, SESSION, DATA, 3, 4096, [log.run(0, 0), run]],
               type=3, kind=0, round=3, offset=4096, runs=[shown(log.run(0, 0)), shown(run)])  # fmt: skip
    yield case("S3", "a batch without runs", [3, SESSION, DATA, 3, 4096, []], "invalid")
    yield case("S3", "an offset of 2^63", [3, SESSION, DATA, 3, 2**63, [run]], "outOfRange")
    yield case("R2", "a batch with an empty run", [3, SESSION, DATA, 3, 0, [[*run[:3], [], run[4]]]], "invalid")
    refs = [dict(zip(("replica", "sequence", "prefix"), reference)) for reference in REFS]
    yield case("S8", "an acknowledgement", [4, SESSION, DATA, 3, 4096, 2**21, REFS],
               type=4, kind=0, round=3, received=4096, limit=2**21, have=refs)  # fmt: skip
    yield case("S8", "an acknowledgement without entries", [4, SESSION, ROSTER, 1, 0, 65536, []],
               type=4, kind=1, round=1, received=0, limit=65536, have=[])  # fmt: skip
    yield case("S10", "an acknowledgement with entries out of order", [4, SESSION, DATA, 3, 0, 0, REFS[::-1]], "invalid")
    yield case("S8", "an acknowledgement without a limit", [4, SESSION, DATA, 3, 4096, REFS], "invalid")


def endings():
    clock = 1_700_000_000_123
    positions = {"roster": {"round": 1, "sent": 500}, "data": {"round": 2, "sent": 9000}}
    yield case("N14", "a pulse", [5, SESSION, clock, clock - 40, [1, 500], [2, 9000]],
               type=5, wallClock=clock, echo=clock - 40, **positions)  # fmt: skip
    yield case("N15", "a pulse without an echo", [5, SESSION, clock, None, [1, 500], [2, 9000]],
               type=5, wallClock=clock, echo=None, **positions)  # fmt: skip
    yield case("N14", "a pulse with one position", [5, SESSION, clock, None, [1, 500]], "invalid")
    yield case("N14", "a pulse with a position of three", [5, SESSION, clock, None, [1, 500, 0], [2, 9000]], "invalid")
    yield case("N13", "a pulse with an echo as text", [5, SESSION, clock, "", [1, 500], [2, 9000]], "wrongType")
    for code in range(10):
        yield case("N16", f"a bye of code {code}", [6, SESSION, code, "see the log"], type=6, code=code, text="see the log")
    yield case("N16", "a bye of an unknown code", [6, SESSION, 4000, ""], type=6, code=4000, text="")
    yield case("N16", "a bye with a text of 1,025 bytes", [6, SESSION, 0, "x" * 1025], "tooLong")
    yield case("E5", "a bye with U+0000", [6, SESSION, 0, "\0"], "invalid")
    yield case("N16", "a bye with a negative code", [6, SESSION, -1, ""], "wrongType")


def digests():
    log, founder = press_log(), FOUNDER
    assert log.station is PRESS and founder.key != PRESS.key
    many = sorted([seeded(f"many {index}", 16), index * 1000, seeded(f"many prefix {index}", 16)] for index in range(200))
    other = [[REFS[0][0], REFS[0][1], seeded("another history", 16)], *REFS[1:]]
    for name, references in [
        ("nothing", []),
        ("one log", REFS[:1]),
        ("three logs", REFS),
        ("three logs, one with another history", other),
        ("two hundred logs", many),
    ]:
        digest = sha256(b"".join(encode(reference) for reference in references))
        yield {
            "rule": "vector digests",
            "name": name,
            "valid": True,
            "input": references,
            "root": digest[:16],
            "child": digest[:8],
        }
