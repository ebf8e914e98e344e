"""Vectors for the frames of 12-dissemination.md."""

from structures import seeded


def frames(session, case):
    refs = sorted([seeded(f"replica {index}", 16), index, seeded(f"prefix {index}", 16)] for index in range(4))

    def shown(references):
        return [dict(zip(("replica", "sequence", "prefix"), reference)) for reference in references]

    def announce(rule, name, new, held, error=None):
        return case(rule, name, [19, session, new, held], error, type=19, new=shown(new), held=shown(held))

    yield announce("T3", "an announcement of two entries", refs[:2], [])
    yield announce("T3", "an announcement and a confirmation", refs[:2], refs[2:])
    earlier = [refs[1][0], 0, seeded("earlier prefix", 16)]
    yield announce("T3", "an entry announced, and an earlier one of its log confirmed", refs[1:2], [earlier])
    yield announce("T4", "a confirmation", [], refs)
    yield announce("T3", "an announcement of nothing", [], [], "invalid")
    yield announce("T3", "announced entries out of order", refs[::-1], [], "invalid")
    yield announce("T3", "a log announced twice", [refs[0], refs[0]], [], "invalid")
    yield announce("T3", "confirmed entries out of order", [], refs[::-1], "invalid")
    yield case("T3", "an announcement without confirmations", [19, session, refs], "invalid")
    yield case("T3", "an announcement with a kind", [19, session, 0, refs, []], "invalid")

    root = seeded("root", 8)

    def tree(rule, name, root, number, hops, push, error=None):
        return case(rule, name, [20, session, root, number, hops, push], error,
                    type=20, root=root, number=number, hops=hops, push=push == 1)  # fmt: skip

    yield tree("T9", "a beacon to a parent", root, 17, 3, 1)
    yield tree("T9", "a beacon to another", root, 17, 3, 0)
    yield tree("T8", "a beacon of the root", root, 1, 0, 0)
    yield tree("T9", "a wish of a node that knows no tree", root, 0, 0, 1)
    yield tree("T9", "a beacon over 255 links", root, 17, 255, 0)
    yield tree("T9", "a beacon over 256 links", root, 17, 256, 0, "outOfRange")
    yield tree("T9", "a wish that is neither", root, 17, 3, 2, "outOfRange")
    yield case("T9", "a root of seven bytes", [20, session, root[:7], 17, 3, 0], "invalid")
    yield case("T9", "a beacon without a wish", [20, session, root, 17, 3], "invalid")
