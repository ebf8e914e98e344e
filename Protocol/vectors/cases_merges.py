"""Vectors for the merge and the digest of 04-operations.md."""

import cases_folds
from cases_logs import FOUNDER, PLANT, PLANT_LOG, PRESS
from encoding import decode, encode
from merge import Rows
from structures import DATA, STATION, Log, change, genesis, printed, seeded, token

ROW = seeded("row", 16)
OTHER = seeded("other row", 16)
INSERT, EDIT, DELETE = 0, 1, 2


def enrolment():
    """The roster in which both authors are members, and a token by which whoever tests can join it."""
    world = cases_folds.World()
    key, invitation = world.invite("L1", "P4")
    world.join(PRESS, key, invitation)
    _, last = world.invite("L1", "tester")
    assert world.plant == PLANT
    secret = seeded("secret tester", 32)
    text = printed(token([], PLANT, STATION, "T1", [last.reference], last.sequence, secret))
    return text, list(world.logs.values())


JOINER_TOKEN, ROSTER_LOGS = enrolment()


class World:
    """Two replicas, `a` and `b`, whose ids are in that order."""

    def __init__(self):
        logs = [
            Log(station, genesis(DATA, PLANT, station, f"{station.name} merge", frontier=[PLANT_LOG.tip]))
            for station in (FOUNDER, PRESS)
        ]
        self.a, self.b = sorted(logs, key=lambda log: log.replica)
        self.applied = []
        self.quarantined = set()
        self.lamports = {}

    @property
    def admin(self):
        """The log of the one of both who may drop rows."""
        return self.a if self.a.station is FOUNDER else self.b

    @property
    def press(self):
        return self.b if self.a.station is FOUNDER else self.a

    def write(self, log, operations, saw=(), references=None, lamport=None, cut=()):
        """Appends a change. `saw` are entries of the other log, the last of which becomes dep and reference.

        With other references, or another lamport number than the graph gives, the change is quarantined.
        """
        seen = [entry.reference for entry in saw][-1:]
        before = [log.last, *saw]
        computed = 1 + max(self.lamports.get(id(entry), 0) for entry in before)
        stated = computed if lamport is None else lamport
        named = seen if references is None else references
        body = change(list(operations), named, lamport=stated, timestamp=(1_700_000_000_000 + computed) << 16)
        if cut:
            body.append({1: sorted(entry.reference for entry in cut)})
        entry = log.append(operations if isinstance(operations, bytes) else body, seen)
        self.lamports[id(entry)] = computed
        self.applied.append(entry)
        if references is not None or lamport is not None or isinstance(operations, bytes):
            self.quarantined.add(entry)
        return entry

    def case(self, rule, name):
        other_order = list(self.causal_reversal())
        rows, backwards = (self.rows(order) for order in (self.applied, other_order))
        assert backwards.digest() == rows.digest(), name
        logs = [self.a, self.b]
        runs = [log.run(0, 0) for log in logs]
        runs += [log.run(entry.sequence, entry.sequence) for entry in self.applied for log in logs if entry in log.entries]
        return {
            "rule": rule,
            "name": name,
            "valid": True,
            "token": JOINER_TOKEN,
            "roster": [encode(log.run()) for log in ROSTER_LOGS],
            "runs": [encode(run) for run in runs],
            "otherOrder": [0, 1] + [2 + self.applied.index(entry) for entry in other_order],
            "rows": list(rows.encoded_rows()),
            "families": sorted({group[1] for row in rows.encoded_rows() for group in decode(row)[3]}),
            "marks": sorted({write[2] for row in rows.encoded_rows() for write in decode(row)[2]}),
            "digest": rows.digest(),
        }

    def rows(self, order):
        rows = Rows([self.admin.replica])
        for entry in order:
            rows.note(entry)
            if entry not in self.quarantined:
                rows.apply(entry)
        return rows

    def causal_reversal(self):
        """Another causal order: b's changes as early as they can be."""
        done, waiting = set(), sorted(self.applied, key=lambda entry: (entry.replica is self.a.replica, entry.sequence))
        while waiting:
            for entry in waiting:
                needs = {(dep[0], dep[1]) for dep in entry.deps} | {(entry.replica, entry.sequence - 1)}
                if all(need in done or need[1] == 0 for need in needs):
                    break
            waiting.remove(entry)
            done.add((entry.replica, entry.sequence))
            yield entry


def row(verb, *effects, saw=(), row=ROW, table=1):
    return [table, row, verb, list(saw), list(effects)]


def merges():
    world = World()
    yield world.case("M15", "nothing")
    world.write(world.a, [row(INSERT, [1, 0, [], "dead"], [2, 0, [], 3, None])])
    yield world.case("M15", "one insert")
    world.write(world.a, [row(INSERT, row=OTHER), row(INSERT, row=OTHER, table=2)])
    yield world.case("M15a", "rows without groups")
    yield from registers()
    yield from sets()
    yield from counters()
    yield from texts()
    yield from presences()
    yield from drops()
    yield from quarantines()


def registers():
    world = World()
    first = world.write(world.a, [row(INSERT, [1, 0, [], "x"])])
    world.write(world.a, [row(EDIT, [1, 0, [0, 1], "a"], saw=[0, 1])])
    world.write(world.b, [row(EDIT, [1, 0, [1, 1], "b"], saw=[1, 1])], [first])
    yield world.case("M2", "two writes made apart are siblings")
    second = world.a.last
    world.write(world.b, [row(EDIT, [1, 0, [1, 2, 0, 1], "c"], saw=[1, 2, 0, 1])], [first, second])
    yield world.case("M2", "a write that names both settles them")

    world = World()
    world.write(world.a, [row(INSERT, [1, 0, [], "x"])])
    world.write(world.a, [row(EDIT, [1, 0, [0, 1], "y"], saw=[0, 1])])
    world.write(world.a, [row(EDIT, [1, 0, [0, 1], "z"], saw=[0, 2])])
    yield world.case("M3", "a write by a stale form leaves a sibling that its author knew")

    world = World()
    world.write(world.a, [row(INSERT, [1, 0, [], 1], [2, 0, [], 1])])
    world.write(world.b, [row(INSERT, [1, 0, [], 1.0], [2, 0, [], 1])])
    yield world.case("M5", "two inserts of one row are siblings, equal values too")

    world = World()
    world.write(world.a, [row(INSERT, [1, 4, "comment", "first"])])
    world.write(world.b, [row(INSERT, [1, 4, "comment", "second"])])
    yield world.case("F5", "facts under one row id")


def sets():
    world = World()
    first = world.write(world.a, [row(INSERT, [5, 1, [["packing", 1, []]]])])
    world.write(world.a, [row(EDIT, [5, 1, [["packing", 0, [0, 1]]]], saw=[0, 1])])
    world.write(world.b, [row(EDIT, [5, 1, [["packing", 1, [1, 1]]]], saw=[1, 1])], [first])
    yield world.case("M8", "an add stays beside a remove made apart")
    world = World()
    world.write(world.a, [row(INSERT, [5, 1, [["packing", 1, []]]])])
    world.write(world.a, [row(EDIT, [5, 1, [["packing", 0, [0, 1]]]], saw=[0, 1])])
    yield world.case("M15c", "a set whose only element was removed is absent")
    world = World()
    world.write(world.a, [row(INSERT, [5, 1, [[1, 1, []], [-1, 1, []], ["z", 1, []], ["aa", 1, []]]])])
    yield world.case("M15b", "elements in the order of their bytes")


def counters():
    world = World()
    first = world.write(world.a, [row(INSERT, [6, 2, [], 5])])
    world.write(world.a, [row(EDIT, [6, 2, [], 2**53], saw=[0, 1])])
    world.write(world.b, [row(EDIT, [6, 2, [], -3], saw=[1, 1])], [first])
    yield world.case("M9", "increments of the initial zero")
    world.write(world.b, [row(EDIT, [6, 3, [[0, 0, 2]], 40], saw=[0, 1])])
    yield world.case("M9", "a base beside increments that it did not observe")
    base = world.b.last
    world.write(world.a, [row(EDIT, [6, 2, [1, 2], 7], saw=[0, 2, 1, 2])], [base])
    yield world.case("M9", "an increment of a base")
    world.write(world.a, [row(EDIT, [6, 3, [[1, 2, 7]], 100], saw=[0, 3])], [base])
    world.write(world.b, [row(EDIT, [6, 3, [[0, 2, 0]], 50], saw=[0, 2])])
    yield world.case("M9", "two bases made apart replace one")
    last = world.b.last
    world.write(world.a, [row(EDIT, [6, 2, [0, 4, 1, 3], -100], saw=[0, 4, 1, 3])], [base, last])
    yield world.case("M9", "an increment of two bases")
    world = World()
    world.write(world.a, [row(INSERT, [6, 2, [], 5])])
    world.write(world.a, [row(EDIT, [6, 2, [], -5], saw=[0, 1])])
    yield world.case("M15c", "a counter of sum 0 without a base is absent")


def texts():
    world = World()
    first = world.write(world.a, [row(INSERT, [7, 5, [["press 4"]], []])])
    yield world.case("M10", "a text that one change inserted")
    world.write(world.a, [row(EDIT, [7, 5, [[1, 0, 1, 6, " stopped"]], []], saw=[0, 1])])
    world.write(world.b, [row(EDIT, [7, 5, [[1, 1, 1, 6, " again"]], [1, 1, 0, 5]], saw=[1, 1])], [first])
    yield world.case("M10", "two passages typed apart at one place stay whole")
    world.write(world.b, [row(EDIT, [7, 5, [[0, 1, 1, 0, "現場 "]], [1, 1, 3, 3, 0, 1, 0, 2]], saw=[0, 1])], [first])
    world.write(world.a, [row(EDIT, [7, 5, [[0, 0, 1, 0, "L1: "]], [0, 1, 4, 3]], saw=[0, 2])])
    yield world.case("M10", "left children, and deletions that overlap")

    world = World()
    world.write(world.a, [row(INSERT, [7, 5, [["a"]], []])])
    world.write(world.b, [row(INSERT, [7, 5, [["b"]], []])])
    yield world.case("M10", "two inserts of one row with texts")

    world = World()
    world.write(world.a, [row(INSERT, [7, 5, [["abc"]], []])])
    world.write(world.a, [row(EDIT, [7, 5, [[0, 0, 1, 3, "x"], [1, 0, 1, 1, "yz"]], [0, 1, 2, 9]], saw=[0, 1])])
    yield world.case("M10", "characters that never were")

    world = World()
    world.write(world.a, [row(INSERT, [7, 0, [], "no text"])])
    world.write(world.a, [row(EDIT, [7, 5, [], [0, 1, 0, 1]], saw=[0, 1])])
    yield world.case("M15c", "a text without characters is absent")


def presences():
    world = World()
    first = world.write(world.a, [row(INSERT, [1, 0, [], "x"])])
    world.write(world.a, [row(DELETE, saw=[0, 1])])
    yield world.case("M7", "a deleted row keeps its state")
    world.write(world.b, [row(EDIT, [1, 0, [1, 1], "y"], saw=[1, 1])], [first])
    yield world.case("M7", "an edit made apart from a delete revives")
    mark = world.applied[1]
    world.write(world.b, [row(EDIT, saw=[1, 2, 0, 1])], [first, mark])
    yield world.case("O4", "an edit without effects restores")
    world = World()
    world.write(world.a, [row(EDIT, [1, 0, [], "x"])])
    yield world.case("M7", "an edit of a row that does not exist")
    world = World()
    world.write(world.a, [row(INSERT, [1, 0, [], "x"])])
    world.write(world.a, [[1, ROW, DELETE, [0, 1], [[1, 0, [0, 1], "last words"]]]])
    yield world.case("O4", "a delete after an edit of the same change")
    world = World()
    world.write(world.a, [row(INSERT, [1, 0, [], "x"], [2, 9, "unknown"])])
    yield world.case("M15f", "an unknown effect leaves no trace")
    world = World()
    world.write(world.a, [row(INSERT, [1, 0, [], "register"])])
    world.write(world.a, [row(EDIT, [1, 1, [["set", 1, []]]], saw=[0, 1])])
    world.write(world.a, [row(EDIT, [1, 2, [], 1], saw=[0, 2])])
    yield world.case("M15b", "families under one group do not meet")


def dropped(saw, row=ROW):
    return [1, row, DELETE, list(saw), [[0, 6]]]


def drops():
    def deleted():
        """The admin inserts a row, which the press deletes."""
        world = World()
        first = world.write(world.admin, [row(INSERT, [1, 0, [], "x"], [2, 1, [["a", 1, []]]], [3, 2, [], 5])])
        mark = world.write(world.press, [row(DELETE, saw=[1, 1])], [first])
        return world, first, mark

    world, first, mark = deleted()
    drop = world.write(world.admin, [dropped([1, 1])], [mark], cut=[mark])
    yield world.case("M16", "of a dropped row its presence stays")
    late = world.write(world.press, [row(EDIT, [1, 0, [1, 1], "y"], [3, 2, [], 2], saw=[0, 1])], [first])
    yield world.case("M16", "an edit that saw the delete and not the drop")
    world.write(world.press, [row(EDIT, [1, 0, [], "z"], saw=[1, 2])], [drop])
    yield world.case("M16", "an edit that saw the drop, of a row that does not exist")
    world.write(world.admin, [row(INSERT, [1, 0, [], "again"], [2, 1, [["b", 1, []]]])], [late])
    yield world.case("M16", "an insert that saw the drop")

    world = World()
    first = world.write(world.admin, [row(INSERT, [1, 0, [], "x"])])
    mark = world.write(world.admin, [row(DELETE, saw=[0, 1])])
    world.write(world.press, [row(EDIT, [1, 0, [1, 1], "y"], [2, 2, [], 2], saw=[1, 1])], [first])
    world.write(world.admin, [dropped([0, 2])], cut=[mark])
    yield world.case("M16", "an edit made apart from the delete")
    world = World()
    world.write(world.press, [row(INSERT, [1, 0, [], "made apart"])])
    world.write(world.admin, [row(INSERT, [1, 0, [], "x"])])
    mark = world.write(world.admin, [row(DELETE, saw=[0, 1])])
    world.write(world.admin, [dropped([0, 2])], cut=[mark])
    yield world.case("M16", "an insert made apart from the delete")

    world, first, mark = deleted()
    drop = world.write(world.admin, [dropped([1, 1])], [mark], cut=[mark])
    again = world.write(world.admin, [row(INSERT, [1, 0, [], "again"])])
    mark = world.write(world.press, [row(DELETE, saw=[1, 2, 1, 3])], [drop, again])
    world.write(world.admin, [dropped([1, 2])], [mark], cut=[mark])
    yield world.case("M16", "a row that is dropped twice")

    world = World()
    world.write(world.press, [row(INSERT, [1, 0, [], "x"])])
    mark = world.write(world.press, [row(DELETE, saw=[0, 1])])
    world.write(world.press, [dropped([0, 2])], cut=[mark])
    yield world.case("M16", "a drop by a member without the right is a delete")
    world = World()
    world.write(world.admin, [row(INSERT, [1, 0, [], "x"])])
    mark = world.write(world.admin, [row(DELETE, saw=[0, 1])])
    world.write(world.admin, [dropped([0, 2])], cut=[world.admin.entries[1]])
    yield world.case("F9", "a drop of a deletion beyond the cut is a delete")


def quarantines():
    def insert():
        world = World()
        first = world.write(world.a, [row(INSERT, [1, 0, [], "x"])])
        return world, first

    world, first = insert()
    world.write(world.b, [row(EDIT, [1, 0, [1, 1], "y"], saw=[1, 1])], [first], lamport=7)
    yield world.case("B5", "a change with a wrong lamport number has no effect")
    after = world.b.last
    world.write(world.a, [row(EDIT, [1, 0, [0, 1], "z"], saw=[0, 1])], [after])
    yield world.case("B5", "a change that depends on it has, by the number that the graph gives")

    world, first = insert()
    world.write(world.b, [row(EDIT, [1, 0, [1, 1], "y"], saw=[1, 1])], references=[first.reference])
    yield world.case("B6", "a reference to what is held and was not seen")
    world, first = insert()
    stranger = [seeded("unknown replica", 16), 3, seeded("unknown hash", 16)]
    world.write(world.b, [row(EDIT, [1, 0, [1, 1], "y"], saw=[1, 1])], references=[stranger])
    yield world.case("B6", "a reference to a replica that nobody holds")
    world, first = insert()
    beyond = [first.replica, 2, seeded("not yet written", 16)]
    world.write(world.b, [row(EDIT, [1, 0, [1, 2], "y"], saw=[1, 1])], [first], references=[beyond])
    world.write(world.a, [row(EDIT, [1, 0, [0, 1], "z"], saw=[0, 1])])
    yield world.case("B6", "a reference to a change that is not made yet")
    world, first = insert()
    forged = [first.replica, 1, seeded("another history", 16)]
    world.write(world.b, [row(EDIT, [1, 0, [1, 1], "y"], saw=[1, 1])], [first], references=[forged])
    yield world.case("B6", "a reference with another hash")
    world, first = insert()
    world.write(world.a, [])
    world.write(world.b, [row(EDIT, [1, 0, [1, 1], "y"], saw=[1, 1])], [first, world.a.last], references=None)
    yield world.case("C1", "a reference is covered by a dep on a later change")
    world, first = insert()
    world.write(world.a, b"")
    world.write(world.a, [row(EDIT, [1, 0, [0, 1], "y"], saw=[0, 1])])
    yield world.case("B1", "a body that is nothing has no effect and stops nobody")
