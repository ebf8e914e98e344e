"""Vectors for 08-checkpoint.md: manifests, sections and the frames that carry them."""

from cases_logs import FOUNDER, PLANT, PRESS, press_log
from encoding import encode
from structures import PROTECTED, seeded, sha256

CONTENT = seeded("chunk", 64 << 10) + seeded("last chunk", 100)
CHUNKS = [sha256(CONTENT[: 64 << 10]), sha256(CONTENT[64 << 10 :])]
ROSTER = [[seeded("roster replica", 16), 3, seeded("roster prefix", 16)]]
STATE = seeded("state", 32)
ROWS = sorted(seeded(f"row {index}", 16) for index in range(2))


def identifier(chunks):
    return sha256(b"gemba/checkpoint/1" + b"".join(chunks))[:16]


def manifest(**changes):
    fields = {
        "format": 1,
        "plant": PLANT,
        "maker": PRESS.key,
        "made": 1_700_000_000_000 << 16,
        "roster": ROSTER,
        "entries": 12,
        "rows": 2,
        "state": STATE,
        "chunkBytes": 64 << 10,
        "bytes": len(CONTENT),
        "chunks": CHUNKS,
    } | changes
    return list(fields.values())


def signed_bytes(encoded):
    return encode(["Signature1", PROTECTED, encode(["gemba/checkpoint/1", PLANT]), encoded])


def signed(fields, key=PRESS):
    return [fields, [PROTECTED, {}, None, key.signing.sign(signed_bytes(encode(fields)))]]


def shown(fields):
    names = ("plant", "maker", "made", "roster", "entries", "rows", "state", "chunkBytes", "bytes", "chunks")
    described = dict(zip(names, fields[1:]))
    described["roster"] = [dict(zip(("replica", "sequence", "prefix"), reference)) for reference in fields[4]]
    return described | {"id": identifier(fields[10])}


def manifests():
    def case(rule, name, item, error=None, signature=True):
        result = {"rule": rule, "name": name, "valid": error is None, "input": encode(item)}
        if error:
            return result | {"error": error}
        return result | {"expected": shown(item[0]), "signed": signed_bytes(encode(item[0])), "key": item[0][2]}

    yield case("C1", "a manifest", signed(manifest()))
    yield case("C2", "a signature by another than the maker", signed(manifest(), FOUNDER), "signature")
    yield case("C1", "an unknown format", signed(manifest(format=2)), "unsupportedVersion")
    yield case("C1", "a hash too few", signed(manifest(chunks=CHUNKS[:1])), "invalid")
    yield case("C1", "no chunks", signed(manifest(chunks=[], bytes=0)), "invalid")
    yield case("C1", "chunks that are too small", signed(manifest(chunkBytes=1 << 10)), "invalid")
    yield case("C1", "chunks that are too large", signed(manifest(chunkBytes=1 << 20, chunks=CHUNKS[:1])), "invalid")
    yield case("C1", "a roster frontier out of order", signed(manifest(roster=ROSTER * 2)), "invalid")
    yield case("C1", "no signature", [manifest()], "invalid")


def sections():
    log = press_log()
    head = [log.replica, log.last.sequence, log.last.hash, log.head()]
    genesis = log.entries[0].encoded

    def case(rule, name, item, error=None):
        result = {"rule": rule, "name": name, "valid": error is None, "input": encode(item)}
        return result | ({"error": error} if error else {"kind": item[0]})

    yield case("C4", "a log", [0, [genesis, head, 2, 0]])
    yield case("C4", "a log whose last entry is followed", [0, [genesis, head, 2, 1]])
    prefixes = b"".join(seeded(f"folded {index}", 16) for index in range(3))
    block = [0, prefixes, [0, 1 << 40, 5], [0, 1, 1], [1], [[2, "ewa", "delivery"]]]
    yield case("C5", "what stays of three entries", [1, 0, block])
    yield case("C5", "a prefix that is too short", [1, 0, [0, prefixes[:-1], *block[2:]]], "invalid")
    yield case("C5", "a timestamp too few", [1, 0, [*block[:2], [0, 1], *block[3:]]], "invalid")
    yield case("C5", "a lamport number below zero", [1, 0, [*block[:3], [0, -1, 1], *block[4:]]], "outOfRange")
    yield case("C5", "a note on an entry that is not there", [1, 0, [*block[:5], [[3, "", ""]]]], "invalid")
    plain = [ROWS[0], 1, 0, 2, [[1, "label printer"], [2, "A", 3]], [], []]
    siblings = [2, 0, [[0, 1, "A", 3], [0, 2, "B", 4]]]
    labels = [3, 1, [["paper", [0, 1, 0, 2]]]]
    stock = [4, 2, [[[0, 1, 40, [[0, 0, 3]]]], [[0, 1, (5).to_bytes(16, "big")]], (-3).to_bytes(16, "big", signed=True)]]
    edited = [ROWS[1], 1, 0, 1, [[1, None]], [[0, 2, 0]], [siblings, labels, stock]]
    yield case("C6", "a row that one change wrote", [2, 7, [plain]])
    yield case("C6", "two rows", [2, 7, [plain, edited]])
    yield case("C6", "a row of facts", [2, 8, [[ROWS[0], 3, 0, 1, [[1, b"part", 2.5, "kg"]], [], []]]])
    yield case("C6", "a deleted row that nobody inserted", [2, 7, [[ROWS[0], 0, 0, 2, [], [[0, 2, 1]], []]]])
    yield case("C6", "a row that was dropped", [2, 7, [[ROWS[0], 4, 0, 2, [], [[0, 2, 1]], [], [0, 2]]]])
    yield case("C6", "a dropped row without its drops", [2, 7, [[ROWS[0], 4, 0, 2, [], [[0, 2, 1]], []]]], "invalid")
    yield case("C6", "a drop beyond the cut", [2, 7, [[ROWS[0], 4, 0, 2, [], [[0, 2, 1]], [], [0, 9]]]], "invalid")
    yield case("C6", "a dot beyond the cut", [2, 7, [[*plain[:3], 9, *plain[4:]]]], "invalid")
    yield case("C6", "a dot of a log that is not listed", [2, 7, [[*plain[:2], 5, *plain[3:]]]], "invalid")
    yield case("C7", "an effect of an unknown kind", [3, 7, ROWS[0], 5, 0, 1, [5, 77, "later"]])
    yield case("C8", "what an author had seen", [4, [0, 1, 2, 9]])


def frames(session, case):
    fields = manifest()
    signature = signed(fields)[1]
    checkpoint = identifier(CHUNKS)
    offer = {"manifest": shown(fields), "signature": signature[3]}
    yield case("C10", "an offer", [7, session, [fields, signature], 0], type=7, **offer, onlyWay=False)
    yield case("C10", "an offer of what cannot be streamed", [7, session, [fields, signature], 1],
               type=7, **offer, onlyWay=True)  # fmt: skip
    yield case("C10", "an offer that is neither", [7, session, [fields, signature], 2], "outOfRange")
    for verdict in (0, 1):
        yield case("C11", f"an answer of verdict {verdict}", [8, session, checkpoint, verdict],
                   type=8, checkpoint=checkpoint, verdict=verdict)  # fmt: skip
    yield case("C11", "an unknown verdict", [8, session, checkpoint, 2], "outOfRange")
    yield case("C12", "a fetch of four chunks", [9, session, checkpoint, 12, 4],
               type=9, checkpoint=checkpoint, first=12, count=4)  # fmt: skip
    yield case("C12", "a fetch of nothing", [9, session, checkpoint, 12, 0], "outOfRange")
    yield case("C12", "a fetch of 17 chunks", [9, session, checkpoint, 0, 17], "outOfRange")
    yield case("C13", "a chunk", [10, session, checkpoint, 1, 0, CONTENT[64 << 10 :]],
               type=10, checkpoint=checkpoint, index=1, coding=0, bytes=CONTENT[64 << 10 :])  # fmt: skip
    yield case("C13", "a compressed chunk", [10, session, checkpoint, 0, 1, b"frame"],
               type=10, checkpoint=checkpoint, index=0, coding=1, bytes=b"frame")  # fmt: skip
    yield case("C13", "a chunk of an unknown coding", [10, session, checkpoint, 0, 2, b""], "invalid")
    yield case("C13", "chunk 24,576", [10, session, checkpoint, 24 << 10, 0, b""], "outOfRange")
