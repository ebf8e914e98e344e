"""Vectors for 02-change.md and 03-heads.md: entries, geneses, coded bodies, heads, runs."""

from encoding import Raw, encode
from structures import (
    ADMIN,
    BEFORE_GENESIS,
    DATA,
    PROTECTED,
    RELAY,
    ROSTER,
    Entry,
    Log,
    SigningKey,
    Station,
    acts,
    change,
    found,
    genesis,
    seal,
    seeded,
    sha256,
    signed,
    signed_bytes,
    zstandard,
)

FOUNDER = Station("L1", ADMIN)
PRESS = Station("P4")
RECOVERY = SigningKey(seeded("recovery", 32))
PLANT_LOG = found(FOUNDER, RECOVERY)
PLANT = PLANT_LOG.entries[0].hash
EARLIER = [seeded("earlier replica", 16), 41, seeded("earlier hash", 16)]


def reference(label, sequence):
    return [seeded(f"replica {label}", 16), sequence, seeded(f"prefix {label} {sequence}", 16)]


SORTED = sorted(reference(label, 7) for label in ("a", "b", "c"))
REPLICA = seeded("replica of the entry", 16)
PREVIOUS = seeded("previous", 32)


def entry_case(rule, name, encoded, kind=DATA, sequence=5, error=None, entry=None):
    place = {"kind": kind, "sequence": sequence, "previous": PREVIOUS if sequence else BEFORE_GENESIS}
    if sequence:
        place["replica"] = REPLICA
    case = {"rule": rule, "name": name, "valid": error is None, "input": encoded, "place": place}
    if error:
        return case | {"error": error}
    return case | {
        "deps": entry.deps,
        "seal": entry.seal,
        "coding": entry.coding,
        "body": entry.body,
        "header": entry.header,
        "hash": entry.hash,
    }


def entries():
    sealed = [seeded("epoch", 16), seeded("nonce", 12)]
    for rule, name, kind, sequence, parts in [
        ("C5", "a genesis", ROSTER, 0, ([], None, 0, b"genesis")),
        ("C5", "an entry without deps", DATA, 5, ([], None, 0, b"body")),
        ("C1", "an entry with sorted deps", DATA, 5, (SORTED, None, 0, b"body")),
        ("C1", "an entry of a roster log", ROSTER, 5, (SORTED[:1], None, 0, b"body")),
        ("C3", "a compressed entry", DATA, 5, (SORTED[:1], None, 1, zstandard(b"body"))),
        ("Z2", "a sealed entry", DATA, 5, (SORTED[:1], sealed, 0, seeded("ciphertext", 40))),
        ("Z2", "a compressed and sealed entry", DATA, 5, ([], sealed, 1, seeded("ciphertext", 40))),
        ("C5", "an entry with an empty body", DATA, 5, ([], None, 0, b"")),
        ("C5", "an entry with the greatest number", DATA, 2**63 - 1, ([], None, 0, b"body")),
    ]:
        entry = Entry(REPLICA if sequence else None, sequence, PREVIOUS if sequence else BEFORE_GENESIS, *parts)
        yield entry_case(rule, name, entry.encoded, kind, sequence, entry=entry)

    def bad(rule, name, item, error, kind=DATA, sequence=5):
        return entry_case(rule, name, encode(item), kind, sequence, error)

    yield bad("E12", "deps out of order", [SORTED[::-1], None, 0, b"body"], "invalid")
    yield bad("E12", "two deps on one replica", [[SORTED[0], SORTED[0]], None, 0, b"body"], "invalid")
    yield bad("C1", "a dep on the own log", [[[REPLICA, 4, PREVIOUS[:16]]], None, 0, b"body"], "invalid")
    many = [[index.to_bytes(16, "big"), 1, bytes(16)] for index in range(1025)]
    yield bad("C1", "1,025 deps", [many, None, 0, b"body"], "tooLong")
    yield bad("E10", "a dep with a prefix of 15 bytes", [[[SORTED[0][0], 1, bytes(15)]], None, 0, b"body"], "invalid")
    yield bad("E3", "a dep beyond the greatest number", [[[SORTED[0][0], 2**63, bytes(16)]], None, 0, b"b"], "outOfRange")
    yield bad("C2", "a body of 960 KiB and one byte", [[], None, 0, bytes((960 << 10) + 1)], "tooLong")
    yield bad("C3", "an unknown coding", [[], None, 2, b"body"], "invalid")
    yield bad("C4", "a genesis with deps", [SORTED[:1], None, 0, b"genesis"], "invalid", sequence=0)
    yield bad("C4", "a sealed genesis", [[], sealed, 0, b"genesis"], "invalid", sequence=0)
    yield bad("C4", "a compressed genesis", [[], None, 1, b"genesis"], "invalid", sequence=0)
    yield bad("C4", "a sealed roster entry", [[], sealed, 0, b"body"], "invalid", kind=ROSTER)
    yield bad("C4", "a compressed roster entry", [[], None, 1, b"body"], "invalid", kind=ROSTER)
    yield bad("C5", "an entry of five elements", [[], None, 0, b"body", 0], "invalid")
    yield bad("C5", "an entry of three elements", [[], None, 0], "invalid")
    yield bad("C5", "a body as text", [[], None, 0, "body"], "wrongType")
    yield bad("Z2", "a seal with a nonce of 11 bytes", [[], [sealed[0], bytes(11)], 0, b"body"], "invalid")
    yield bad("E9", "bytes after an entry", Raw(encode([[], None, 0, b"body"]), b"\0"), "trailingBytes")
    yield bad("E1", "a coding in two bytes", [[], None, Raw(b"\x18\x00"), b"body"], "notDeterministic")


def geneses():
    base = {
        "format": 1,
        "kind": DATA,
        "plant": PLANT,
        "station": PRESS.key,
        "random": seeded("random", 16),
        "incarnation": 1,
        "predecessors": [],
        "rosterFrontier": [PLANT_LOG.tip],
        "founding": None,
    }
    founding = ["Works 3", RECOVERY.public, FOUNDER.member]
    founds = {"kind": ROSTER, "plant": None, "station": FOUNDER.key, "rosterFrontier": [], "founding": founding}
    relay = Station("R1", RELAY)

    def case(rule, name, error=None, extra=(), **changes):
        fields = base | changes
        body = encode([*fields.values(), *extra])
        result = {"rule": rule, "name": name, "valid": error is None, "input": body}
        if error:
            return result | {"error": error}
        entry = Entry(None, 0, BEFORE_GENESIS, body=body)
        named = dict(fields)
        if fields["founding"]:
            plant_name, recovery, member = fields["founding"]
            named["founding"] = {"name": plant_name, "recovery": recovery, "founder": member_fields(member)}
        return result | named | {"entry": entry.encoded, "hash": entry.hash, "replica": entry.hash[:16]}

    yield case("G3", "a founder's roster log", **founds)
    yield case("G3", "a joiner's roster log", kind=ROSTER)
    yield case("G5", "a data log")
    yield case("G4", "a second incarnation", incarnation=2, predecessors=[EARLIER])
    yield case("G6", "a plant's name of 64 bytes", **founds | {"founding": ["w" * 64, *founding[1:]]})
    yield case("G6", "names beyond ASCII", **founds | {"founding": ["現場", RECOVERY.public, ["Ł3", 3, *relay.member[2:]]]})
    yield case("G1", "an unknown format", "unsupportedVersion", format=2)
    yield case("G2", "an unknown kind of log", "invalid", kind=2)
    yield case("G2", "incarnation 0", "outOfRange", incarnation=0)
    yield case("G3", "neither plant nor founding", "invalid", kind=ROSTER, plant=None)
    yield case("G3", "plant and founding", "invalid", kind=ROSTER, founding=founding)
    yield case("G3", "a founding data log", "invalid", **founds | {"kind": DATA})
    yield case("G3", "a founding with a roster frontier", "invalid", **founds | {"rosterFrontier": [EARLIER]})
    yield case("G4", "predecessors out of order", "invalid", predecessors=SORTED[::-1])
    yield case("G5", "a roster frontier with a replica twice", "invalid", rosterFrontier=[EARLIER, EARLIER])
    yield case("E10", "15 random bytes", "invalid", random=bytes(15))
    yield case("E10", "a station key of 33 bytes", "invalid", station=bytes(33))
    yield case("G6", "a plant's name of 65 bytes", "tooLong", **founds | {"founding": ["w" * 65, *founding[1:]]})
    yield case("G6", "a founder of an unknown role", "invalid", **founds | {"founding": [*founding[:2], ["L1", 4, *FOUNDER.member[2:]]]})
    yield case("G1", "ten elements", "invalid", extra=[None])


def member_fields(member):
    return dict(zip(("name", "role", "transport", "sealing"), member))


def coded():
    content = encode(change([], actor="ewa", reason="x" * 600))
    epoch_key = seeded("epoch key", 32)
    epoch = sha256(epoch_key)[:16]

    def case(rule, name, entry, content=None, key=None, error=None):
        result = {"rule": rule, "name": name, "valid": error is None, "input": entry.encoded, "epochKey": key}
        result["place"] = {"kind": DATA, "sequence": entry.sequence, "replica": REPLICA, "previous": PREVIOUS}
        return result | ({"error": error} if error else {"content": content})

    def compressed(body):
        return Entry(REPLICA, 5, PREVIOUS, SORTED[:1], None, 1, body)

    def sealed(coding, content, key=epoch_key):
        entry = Entry(REPLICA, 5, PREVIOUS, SORTED[:1], [epoch, seeded("nonce", 12)], coding)
        derived, associated = seal(entry, key, content)
        return entry, derived, associated

    yield case("Z1", "content as it is", Entry(REPLICA, 5, PREVIOUS, SORTED[:1], None, 0, content), content)
    yield case("Z1", "one frame of one block", compressed(zstandard(content)), content)
    yield case("Z1", "one frame of two blocks", compressed(zstandard(content[:100], content[100:])), content)
    yield case("Z1", "a repeated block", compressed(zstandard((b"x", 100_000), b"y")), b"x" * 100_000 + b"y")
    frame = zstandard(content)
    yield case("Z1", "bytes after the frame", compressed(frame + b"\0"), error="invalid")
    yield case("Z1", "two frames", compressed(frame + frame), error="invalid")
    yield case("Z1", "a skippable frame before", compressed(bytes.fromhex("502a4d180100000000") + frame), error="invalid")
    yield case("Z1", "a frame cut short", compressed(frame[:-1]), error="invalid")
    yield case("Z1", "no frame", compressed(content), error="invalid")
    yield case("Z1", "nothing", compressed(b""), error="invalid")
    block = (b"x", 128 << 10)
    yield case("Z1", "16 MiB of content", compressed(zstandard(*[block] * 128)), b"x" * (16 << 20))
    yield case("Z1", "more than 16 MiB of content", compressed(zstandard(*[block] * 128, b"y")), error="tooLong")
    yield case("Z1", "a frame that declares less than it holds", compressed(zstandard(content, size=5)), error="invalid")

    entry, key, associated = sealed(0, content)
    yield case("Z2", "a sealed body", entry, content, epoch_key) | {"key": key, "associatedData": associated}
    entry, key, associated = sealed(1, frame)
    yield case("Z2", "a compressed, then sealed body", entry, content, epoch_key) | {"key": key, "associatedData": associated}
    other, _, _ = sealed(0, content, seeded("other epoch key", 32))
    yield case("Z2", "a body sealed with another key than its epoch's", other, key=epoch_key, error="invalid")
    broken, _, _ = sealed(0, content)
    broken.body = broken.body[:-1] + bytes([broken.body[-1] ^ 1])
    yield case("Z2", "a bit flipped in the tag", broken, key=epoch_key, error="invalid")
    moved, _, _ = sealed(0, content)
    moved.sequence = 6
    yield case("Z2", "a sealed body at another number", moved, key=epoch_key, error="invalid")
    swapped, _, _ = sealed(0, content)
    swapped.deps = []
    yield case("Z2", "a sealed body with other deps", swapped, key=epoch_key, error="invalid")
    short, _, _ = sealed(0, content)
    short.body = short.body[:15]
    yield case("Z2", "a sealed body shorter than a tag", short, key=epoch_key, error="invalid")


def press_log():
    log = Log(PRESS, genesis(DATA, PLANT, PRESS, "P4 data", frontier=[PLANT_LOG.tip]))
    log.append(change([[1, seeded("row", 16), 0, [], [[1, 0, [], "printer dead"]]]], lamport=1))
    log.append(change([[1, seeded("row", 16), 1, [0, 1], [[1, 0, [0, 1], "printer dead again"]]]], lamport=2))
    log.append(change([], lamport=3, reason="nothing done"))
    return log


def heads():
    log = press_log()
    entry = log.last
    good = log.head()
    # L, the order of the group: S + L is another encoding of the same S, which strict verifiers refuse.
    order = 2**252 + 27742317777372353535851937790883648493
    signature = good[3]
    malleable = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")

    def case(rule, name, head, error=None, plant=PLANT, station=PRESS.key, at=entry):
        result = {
            "rule": rule,
            "name": name,
            "valid": error is None,
            "input": encode(head),
            "plant": plant,
            "station": station,
            "replica": at.replica,
            "sequence": at.sequence,
            "hash": at.hash,
        }
        return result | ({"error": error} if error else {"signed": signed_bytes(at.replica, at.sequence, at.hash, plant)})

    yield case("H1", "the head of a data log", good) | {"seed": PRESS.signing.seed}
    founder = PLANT_LOG.entries[0]
    yield case("H4", "the head of the founder's genesis", PLANT_LOG.head(), station=FOUNDER.key, at=founder)
    yield case("H4", "a head of another plant", good, "signature", plant=seeded("other plant", 32))
    yield case("H4", "a head of another entry", good, "signature", at=log.entries[2])
    yield case("H2", "a head by another key", signed(FOUNDER.signing, entry, PLANT), "signature")
    yield case("H3", "S not smaller than L", [PROTECTED, {}, None, malleable], "signature")
    yield case("H3", "a bit flipped in R", [*good[:3], bytes([signature[0] ^ 1]) + signature[1:]], "signature")
    yield case("H3", "a signature of zeros", [*good[:3], bytes(64)], "signature")
    small = bytes.fromhex("0100000000000000000000000000000000000000000000000000000000000000")
    yield case("H3", "a station key of small order", [*good[:3], small + bytes(32)], "signature", station=small)
    noncanonical = bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
    yield case("H3", "a station key that is not canonical", [*good[:3], small + bytes(32)], "signature", station=noncanonical)
    yield case("H1", "another algorithm", [bytes.fromhex("a10126"), *good[1:]], "invalid")
    yield case("H1", "an empty protected header", [b"", *good[1:]], "invalid")
    yield case("H1", "an unprotected header", [PROTECTED, {4: b"key"}, *good[2:]], "invalid")
    yield case("H1", "an attached payload", [PROTECTED, {}, encode([entry.replica, 3, entry.hash]), signature], "wrongType")
    yield case("H1", "a signature of 63 bytes", [*good[:3], signature[:63]], "invalid")
    yield case("H1", "three elements", good[:3], "invalid")
    yield case("E7", "a tagged COSE_Sign1", Raw(b"\xd2", encode(good)), "wrongType")


def runs():
    log = press_log()

    def case(rule, name, run, error=None, before=None, hashes=None):
        result = {
            "rule": rule,
            "name": name,
            "valid": error is None,
            "input": encode(run),
            "plant": PLANT,
            "station": PRESS.key,
            "before": before,
        }
        return result | ({"error": error} if error else {"hashes": hashes})

    hashes = [entry.hash for entry in log.entries]
    yield case("R1", "a whole log", log.run(), hashes=hashes)
    yield case("R1", "a genesis by itself", log.run(0, 0), hashes=hashes[:1])
    yield case("R1", "a run from the middle", log.run(2), before=hashes[1], hashes=hashes[2:])
    good = log.run(2)
    yield case("R1", "an empty previous in the middle", [*good[:2], b"", *good[3:]], "invalid", hashes[1])
    yield case("R1", "a previous before a genesis", [*log.run()[:2], hashes[0][:16], *log.run()[3:]], "invalid")
    yield case("R1", "a run that follows another history", good, "chain", seeded("other history", 32))
    yield case("R2", "no entries", [*good[:3], [], good[4]], "invalid", hashes[1])
    entry = log.entries[3]
    altered = Entry(entry.replica, 3, entry.previous, body=entry.body[:-2] + b"\x81\x00").encoded
    yield case("R2", "an altered entry", [*good[:3], [good[3][0], altered], good[4]], "signature", hashes[1])
    yield case("R2", "entries in another order", [*good[:3], good[3][::-1], good[4]], "signature", hashes[1])
    yield case("R2", "an entry left out", [*good[:3], good[3][1:], good[4]], "signature", hashes[1])
    yield case("R3", "a head of an earlier entry", log.run(2, head=log.head(log.entries[2])), "signature", hashes[1])
    renamed = [seeded("other name", 16), *log.run()[1:]]
    yield case("R2", "a genesis under another name", renamed, "chain")
    yield case("E3", "a run beyond the greatest number", [good[0], 2**63, *good[2:]], "outOfRange", hashes[1])
