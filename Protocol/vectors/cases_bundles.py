"""Vectors for 09-bundle.md: whole bundles."""

from cases_logs import PLANT, PLANT_LOG, PRESS
from cases_packs import LOG, OTHER, Packer
from encoding import Raw, encode
from structures import DATA, ROSTER, seeded, sha256, zstandard

TAG = b"gemba/bundle/1"
MAGIC = TAG + b"\n"
BASE, END, FLOORS = 0, 1, 2
MADE = 1_760_000_000_000
PREAMBLE = [0, PLANT, PRESS.key, MADE]


def check(previous, coding, content):
    return sha256(TAG + previous + bytes([coding]) + content)[:16]


def pieces(contents):
    """Pieces of contents, which are encoded sections or (coding, bytes)."""
    made, previous = [], bytes(16)
    for content in contents:
        coding, stored = content if isinstance(content, tuple) else (0, content)
        previous = check(previous, coding, stored)
        made.append(encode([coding, stored, previous]))
    return made


def bundle(*sections):
    return MAGIC + b"".join(pieces(section if isinstance(section, tuple) else encode(section) for section in sections))


def in_order(*references):
    return sorted(references)


def described(references):
    return [dict(zip(("replica", "sequence", "prefix"), reference)) for reference in references]


def bundles():
    roster = [2, [PLANT_LOG.run()]]
    roster_end = [1, END, ROSTER, [PLANT_LOG.tip]]
    count = len(PLANT_LOG.entries)
    ends = in_order(LOG.tip, OTHER.tip)
    packer = Packer()
    packs = [packer.pack(LOG, 0, 4), packer.pack(OTHER, 0, 3), packer.pack(LOG, 5, 8)]
    runs = [LOG.run(0, 4), OTHER.run(), LOG.run(5, 8)]
    whole = [PREAMBLE, [1, END, DATA, ends], roster_end, roster, [3, packs[:2]], [3, packs[2:]], [4, count + 13]]

    def good(rule, name, sections, data=(), entries=count, base=(), end=(), floors=(), rosters=(PLANT_LOG,)):
        return {
            "rule": rule,
            "name": name,
            "valid": True,
            "input": bundle(*sections),
            "pieces": pieces(encode(section) for section in sections),
            "sections": [encode(section) for section in sections],
            "expected": {
                "plant": PLANT,
                "writer": PRESS.key,
                "made": MADE,
                "base": described(base),
                "end": described(end),
                "rosterEnd": described([log.tip for log in rosters]),
                "floors": described(floors),
                "runs": [encode(log.run()) for log in rosters],
                "data": [encode(run) for run in data],
                "entries": entries,
            },
        }

    def bad(rule, name, error, input):
        return {"rule": rule, "name": name, "valid": False, "error": error, "input": input}

    yield good("U8", "everything", whole, runs, count + 13, end=ends)
    yield good("U5", "no more than a preamble and an end", [PREAMBLE, [4, 0]], entries=0, rosters=())
    yield good("U11", "a roster and no changes", [PREAMBLE, roster_end, roster, [4, count]])
    base = [LOG.entries[4].reference]
    tail = Packer().pack(LOG, 5, 8)
    since = [PREAMBLE, [1, BASE, DATA, base], [1, END, DATA, [LOG.tip]], roster_end, roster, [3, [tail]], [4, count + 4]]
    yield good("U8", "what follows a base", since, [LOG.run(5, 8)], count + 4, base=base, end=[LOG.tip])
    folded = [*since[:4], [1, FLOORS, DATA, base], *since[4:]]
    yield good("U9", "what follows a floor", folded, [LOG.run(5, 8)], count + 4, base=base, end=[LOG.tip], floors=base)
    many = in_order(*([seeded(f"bundle log {index}", 16), 7, seeded(f"bundle prefix {index}", 16)] for index in range(3)))
    split = [PREAMBLE, [1, END, DATA, many[:2]], [1, END, DATA, many[2:]], [4, 0]]
    yield good("U7", "a vector in two sections", split, entries=0, end=many, rosters=())
    later = [PREAMBLE, [9, [b"later"]], *whole[1:-1], [17], whole[-1]]
    yield good("U5", "sections of a later version", later, runs, count + 13, end=ends)
    stored = (1, zstandard(encode(whole[4])))
    compressed = bundle(*whole[:4], stored, *whole[5:])
    yield good("U2", "a compressed piece", whole, runs, count + 13, end=ends) | {"input": compressed}

    yield bad("U1", "another beginning", "unsupportedVersion", b"gemba/bundle/2\n" + bundle(*whole)[15:])
    yield bad("U1", "no more than its beginning", "truncated", MAGIC)
    yield bad("U1", "nothing", "truncated", b"")
    yield bad("U4", "cut off between two pieces", "truncated", bundle(*whole[:-1]))
    yield bad("U4", "cut off inside a piece", "truncated", bundle(*whole)[:-9])
    yield bad("U4", "a piece after the end", "trailingBytes", bundle(*whole, [9, 1]))
    yield bad("U4", "bytes after the end", "wrongType", bundle(*whole) + b"\0")
    flipped = bytearray(bundle(*whole))
    flipped[40] ^= 1
    yield bad("U3", "a flipped bit", "invalid", bytes(flipped))
    parts = pieces(encode(section) for section in whole)
    yield bad("U3", "a piece left out", "invalid", MAGIC + b"".join(parts[:4] + parts[5:]))
    yield bad("U3", "two pieces exchanged", "invalid", MAGIC + b"".join([*parts[:1], parts[2], parts[1], *parts[3:]]))
    yield bad("U3", "a check of 15 bytes", "invalid", MAGIC + encode([0, encode(PREAMBLE), bytes(15)]))
    yield bad("U2", "an unknown coding", "invalid", bundle(PREAMBLE, (2, encode([4, 0]))))
    yield bad("U2", "a piece of four elements", "invalid", MAGIC + encode([0, encode(PREAMBLE), bytes(16), 0]))
    yield bad("U2", "a piece that does not decompress", "invalid", bundle(PREAMBLE, (1, encode([4, 0]))))
    bomb = (1, zstandard(*[(b"\0", 1 << 17)] * 9))
    yield bad("U2", "a piece that becomes more than 1 MiB", "invalid", bundle(PREAMBLE, bomb))
    yield bad("U2", "a piece of more than 1 MiB", "tooLong", bundle(PREAMBLE, [9, bytes(1 << 20)]))
    yield bad("U5", "no preamble", "invalid", bundle(*whole[1:]))
    yield bad("U5", "two preambles", "invalid", bundle(PREAMBLE, *whole))
    yield bad("U5", "an extent after runs", "invalid", bundle(PREAMBLE, roster, roster_end, [4, count]))
    yield bad("U5", "runs after packs", "invalid", bundle(*whole[:3], whole[4], roster, *whole[5:]))
    yield bad("E9", "bytes after a section", "trailingBytes", bundle(PREAMBLE, Raw(encode([4, 0]), b"\0")))
    yield bad("U6", "a plant of 31 bytes", "invalid", bundle([0, PLANT[:31], PRESS.key, MADE]))
    yield bad("U6", "a preamble without a writer", "invalid", bundle([0, PLANT, MADE]))
    yield bad("U7", "an unknown extent", "outOfRange", bundle(PREAMBLE, [1, 3, DATA, ends]))
    yield bad("U7", "an extent of an unknown kind of log", "invalid", bundle(PREAMBLE, [1, END, 2, ends]))
    yield bad("U7", "an extent without references", "invalid", bundle(PREAMBLE, [1, END, DATA, []]))
    yield bad("U7", "a base of roster logs", "invalid", bundle(PREAMBLE, [1, BASE, ROSTER, ends]))
    yield bad("U7", "an end before a base", "invalid", bundle(PREAMBLE, [1, END, DATA, ends], [1, BASE, DATA, ends]))
    yield bad("U7", "two sections of a vector exchanged", "invalid", bundle(PREAMBLE, split[2], split[1]))
    yield bad("E12", "references out of order", "invalid", bundle(PREAMBLE, [1, END, DATA, many[::-1]]))
    crowd = [[index.to_bytes(16, "big"), 1, bytes(16)] for index in range(4097)]
    yield bad("U7", "4,097 references in one section", "tooLong", bundle(PREAMBLE, [1, END, DATA, crowd]))
    yield bad("U10", "runs that are none", "invalid", bundle(PREAMBLE, [2, []]))
    yield bad("U11", "a name that the bundle did not bring", "invalid", bundle(*whole[:4], [3, packs[2:]]))
    yield bad("U12", "an entry too few", "invalid", bundle(*whole[:-1], [4, count + 12]))
