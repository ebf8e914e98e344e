"""Vectors for the packs of 07-sync.md, section 7."""

from cases_logs import PRESS, PLANT, PLANT_LOG
from encoding import Raw, encode
from structures import DATA, Log, genesis, seeded, zstandard

SESSION = seeded("session", 8)
EPOCHS = [seeded("epoch", 16), seeded("later epoch", 16)]


def leb128(value):
    encoded = b""
    while value >= 0x80:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


class Packer:
    """One end of a stream."""

    def __init__(self):
        self.names, self.form = [], (None, 0)

    def name(self, name):
        if name is None:
            return None
        if name in self.names:
            return self.names.index(name)
        self.names.append(name)
        return name

    def pack(self, log, first, last):
        entries = log.entries[first : last + 1]
        previous = entries[0].previous[:16] if first else b""
        head = [self.name(log.replica), first, previous]
        deps = []
        for place, entry in enumerate(entries):
            if entry.deps:
                deps += [place, [[self.name(replica), sequence, prefix] for replica, sequence, prefix in entry.deps]]
        forms = []
        for entry in entries:
            form = (entry.seal[0] if entry.seal else None, entry.coding)
            if forms and forms[-1][0] == form:
                forms[-1][1] += 1
            else:
                forms.append([form, 1])
        flat = []
        if [form for form, _ in forms] != [self.form]:
            for index, ((epoch, coding), count) in enumerate(forms):
                flat += [self.name(epoch), coding, *([count] if index < len(forms) - 1 else [])]
        self.form = forms[-1][0]
        sizes = [len(entry.body) for entry in entries]
        lengths = b""
        if len(sizes) > 1:
            lengths = leb128(min(sizes)) + b"".join(leb128(size - min(sizes)) for size in sizes[:-1])
        bodies = b"".join((entry.seal[1] if entry.seal else b"") + entry.body for entry in entries)
        rest = [lengths, flat, deps]
        while rest and not rest[-1]:
            rest.pop()
        return [*head, bodies, log.head(entries[-1])[3], *rest]


def logs():
    """A log with entries of every form, and another that depends on it."""
    log = Log(PRESS, genesis(DATA, PLANT, PRESS, "packs", frontier=[PLANT_LOG.tip]))
    for index, (epoch, coding) in enumerate([(0, 0), (0, 0), (0, 1), (None, 0), (None, 1), (1, 0), (1, 0), (1, 0)]):
        nonce = seeded(f"pack nonce {index}", 12)
        body = seeded(f"pack body {index}", 20 + 50 * (index % 4))
        if epoch is None and coding:
            body = zstandard((b"x", 300))
        log.append(body, seal=[EPOCHS[epoch], nonce] if epoch is not None else None, coding=coding)
    other = Log(PRESS, genesis(DATA, PLANT, PRESS, "other packs", frontier=[PLANT_LOG.tip]))
    other.append(b"one", deps=[log.entries[3].reference])
    other.append(b"two")
    other.append(b"three", deps=[log.entries[4].reference])
    return log, other


LOG, OTHER = logs()


def case(rule, name, packed, runs=None, error=None):
    result = {"rule": rule, "name": name, "valid": error is None, "input": [encode(run) for run in packed]}
    return result | ({"error": error} if error else {"runs": [encode(run) for run in runs]})


def packs():
    def stream(rule, name, *runs):
        packer = Packer()
        return case(rule, name, [packer.pack(*run) for run in runs], [log.run(first, last) for log, first, last in runs])

    yield stream("S15", "a genesis", (LOG, 0, 0))
    yield stream("S16", "a log that is named twice", (LOG, 0, 1), (LOG, 2, 2))
    yield stream("S17", "entries of one form after others of that form", (LOG, 1, 1), (LOG, 2, 2))
    yield stream("S17", "entries of all forms", (LOG, 0, 8))
    yield stream("S17", "an unsealed entry after a sealed one", (LOG, 3, 3), (LOG, 4, 4))
    yield stream("S18", "entries of one length", (LOG, 2, 2), (LOG, 6, 6))
    yield stream("S18", "a long body among short ones", (LOG, 6, 8))
    yield stream("S20", "deps", (LOG, 0, 4), (OTHER, 0, 3))
    yield stream("S20", "deps on a log that the stream has not named", (OTHER, 0, 3), (LOG, 0, 4))

    def bad(rule, name, error, *runs):
        return case(rule, name, runs, error=error)

    single = Packer().pack(LOG, 1, 1)
    several = Packer().pack(LOG, 1, 4)
    lengths = several[5]
    yield bad("S16", "a place that nothing was named at", "invalid", [0, *single[1:]])
    yield bad("S16", "an epoch at a place that nothing was named at", "invalid", [*single[:5], b"", [1, 0]])
    yield bad("S16", "a name of 15 bytes", "invalid", [bytes(15), *single[1:]])
    yield bad("S16", "a negative place", "wrongType", [-1, *single[1:]])
    yield bad("S17", "a form of no entries", "invalid", [*several[:6], [None, 0, 0, None, 0]])
    yield bad("S17", "more forms than entries", "invalid", [*several[:6], [None, 0, 4, None, 0]])
    yield bad("S17", "a form with a count after the last", "invalid", [*several[:6], [None, 0, 4]])
    yield bad("S17", "an unknown coding", "invalid", [*single[:5], b"", [None, 2]])
    yield bad("S18", "lengths of a single entry", "invalid", [*single[:5], leb128(20)])
    yield bad("S18", "lengths that end inside a number", "truncated", [*several[:5], lengths + b"\x80", several[6]])
    yield bad("S18", "a length with a needless byte", "notDeterministic", [*several[:5], lengths + b"\x80\0", several[6]])
    yield bad("S18", "a length of four bytes", "outOfRange", [*several[:5], b"\0\x80\x80\x80\x01", [None, 0]])
    yield bad("S18", "a body of more than 960 KiB", "tooLong", [*several[:5], leb128(0) + leb128((960 << 10) + 1), [None, 0]])
    yield bad("S18", "less than the lengths say", "invalid", [*several[:3], several[3][:60], *several[4:]])
    yield bad("S19", "a sealed entry without a nonce", "invalid", [*single[:3], bytes(11), *single[4:]])
    place, refs = Packer().pack(OTHER, 1, 1)[7]
    of_three = Packer().pack(OTHER, 1, 3)
    yield bad("S20", "deps of no entry", "invalid", [*of_three[:7], [3, refs]])
    yield bad("S20", "deps of one entry twice", "invalid", [*of_three[:7], [place, refs, place, refs]])
    yield bad("S20", "deps that are none", "invalid", [*of_three[:7], [place, []]])
    yield bad("S20", "a place without deps", "invalid", [*of_three[:7], [place]])
    unsorted = [[bytes([index]) * 16, 1, bytes(16)] for index in (2, 1)]
    yield bad("E12", "deps out of order", "invalid", [*of_three[:7], [place, unsorted]])
    many = [[index.to_bytes(16, "big"), 1, bytes(16)] for index in range(1025)]
    yield bad("C1", "1,025 deps", "tooLong", [*of_three[:7], [place, many]])
    yield bad("S21", "empty lengths at the end", "notDeterministic", [*single[:5], b""])
    yield bad("S21", "empty forms at the end", "notDeterministic", [*several[:6], []])
    yield bad("S21", "empty deps at the end", "notDeterministic", [*several[:7], []])
    yield bad("S21", "four elements", "invalid", single[:4])
    yield bad("S21", "nine elements", "invalid", [*several[:6], [None, 0], [place, refs], 0])
    yield bad("R1", "an entry that follows nothing", "invalid", [*single[:2], b"", *single[3:]])
    yield bad("R1", "a genesis that follows something", "invalid", [single[0], 0, *single[2:]])
    yield bad("R3", "a signature of 63 bytes", "invalid", [*single[:4], bytes(63)])
    yield bad("E9", "bytes after a packed run", "trailingBytes", Raw(encode(single), b"\0"))


def name(item):
    return {"name": item} if isinstance(item, bytes) else {"place": item}


def shown(run):
    lengths, flat, deps = [*run[5:], *[b"", [], []][len(run) - 5 :]]
    forms = [
        {
            "epoch": None if flat[at] is None else name(flat[at]),
            "coding": flat[at + 1],
            "count": flat[at + 2] if at + 2 < len(flat) else None,
        }
        for at in range(0, len(flat), 3)
    ]
    return {
        "log": name(run[0]),
        "first": run[1],
        "previous": run[2] or None,
        "bodies": run[3],
        "signature": run[4],
        "lengths": lengths,
        "forms": forms,
        "deps": [
            {
                "place": deps[at],
                "references": [
                    {"log": name(log), "sequence": sequence, "prefix": prefix}
                    for log, sequence, prefix in deps[at + 1]
                ],
            }
            for at in range(0, len(deps), 2)
        ],
    }


def frames(case):
    packer = Packer()
    runs = [packer.pack(LOG, 0, 8), packer.pack(OTHER, 0, 3)]

    yield case("S15", "a pack of two runs", [11, SESSION, 3, 4096, runs],
               type=11, round=3, offset=4096, runs=[shown(run) for run in runs])  # fmt: skip
    single = packer.pack(LOG, 8, 8)
    yield case("S21", "a pack of one entry", [11, SESSION, 3, 8192, [single]],
               type=11, round=3, offset=8192, runs=[shown(single)])  # fmt: skip
    yield case("S15", "a pack without runs", [11, SESSION, 3, 0, []], "invalid")
    yield case("S15", "a pack with a kind", [11, SESSION, DATA, 3, 0, [single]], "invalid")
