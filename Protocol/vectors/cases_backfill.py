"""Vectors for the frames of 08-checkpoint.md, section 6."""

from cases_packs import LOG, OTHER, Packer, shown
from structures import seeded


def frames(session, case):
    ranges = sorted([seeded(f"replica {index}", 16), 3, 9 + index, seeded(f"prefix {index}", 16)] for index in range(3))
    first = ranges[0]

    def asked(ranges):
        return [dict(zip(("replica", "first", "last", "prefix"), item)) for item in ranges]

    def question(name, ranges, error=None, rule="C20", maximum=65536):
        return case(rule, name, [12, session, 3, 4096, maximum, ranges], error,
                    type=12, round=3, position=4096, maximum=maximum, ranges=asked(ranges))  # fmt: skip

    yield question("a question for bodies of three logs", ranges)
    two = [[first[0], 1, 4, seeded("prefix", 16)], [first[0], 6, 6, first[3]]]
    yield question("a question for two ranges of one log", two)
    yield question("a question for 256 KiB", [first], maximum=256 << 10)
    yield question("a question for more than 256 KiB", [first], "outOfRange", maximum=(256 << 10) + 1)
    yield question("a question for no bytes", [first], "outOfRange", maximum=0)
    yield question("a question about nothing", [], "invalid")
    yield question("a question for a genesis", [[first[0], 0, *first[2:]]], "outOfRange")
    yield question("a range that ends before it begins", [[first[0], 10, 9, first[3]]], "outOfRange")
    yield question("ranges out of order", ranges[::-1], "invalid")
    yield question("ranges that overlap", [two[0], [first[0], 4, 6, first[3]]], "invalid")
    yield case("C20", "a question with a kind", [12, session, 0, 3, 4096, 65536, [first]], "invalid")

    packer = Packer()
    runs = [[None, packer.pack(LOG, 1, 4)], [seeded("hash", 32), packer.pack(OTHER, 2, 3)]]

    def answer(rule, name, runs, position, last, error=None):
        return case(rule, name, [13, session, 3, 4096, position, last, runs], error,
                    type=13, round=3, after=4096, position=position, last=last == 1,
                    runs=[{"hash": item[0], "run": shown(item[1])} for item in runs])  # fmt: skip

    yield answer("C24", "bodies of two logs", runs, 5000, 0)
    yield answer("C22", "the last bodies", runs[:1], 5000, 1)
    yield answer("C22", "nothing more", [], 4096, 1)
    yield answer("C22", "nothing yet", [], 5000, 0)
    yield answer("C22", "an answer that leads no further", runs[:1], 4096, 0, "invalid")
    yield answer("C22", "an answer that is neither the last nor another", runs[:1], 5000, 2, "outOfRange")
    yield case("C23", "a hash of 16 bytes", [13, session, 3, 4096, 5000, 0, [[bytes(16), runs[0][1]]]], "invalid")
    yield case("C23", "a run without a hash", [13, session, 3, 4096, 5000, 0, [[runs[0][1]]]], "invalid")
