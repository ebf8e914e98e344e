"""The merge of 04-operations.md as plainly as it can be said: for the digests of the vectors, not for use."""

from encoding import decode, encode
from structures import sha256

INSERT, EDIT, DELETE = 0, 1, 2
REGISTER, SET, INCREMENT, BASE, FACT, TEXT, DROP = range(7)
FAMILY = {REGISTER: 0, SET: 1, INCREMENT: 2, BASE: 2, FACT: 4, TEXT: 5}


class Register:
    def __init__(self):
        self.siblings = {}
        self.replaced = set()

    def write(self, dot, values, replaces):
        self.replaced |= set(replaces)
        self.siblings[dot] = values
        self.siblings = {dot: values for dot, values in self.siblings.items() if dot not in self.replaced}

    def state(self):
        return [[*dot, *self.siblings[dot]] for dot in sorted(self.siblings)]


class ObservedSet:
    def __init__(self):
        self.elements = {}
        self.replaced = {}

    def apply(self, dot, element, adds, saw):
        key = encode(element)
        gone = self.replaced.setdefault(key, set())
        gone |= set(saw)
        dots = self.elements.setdefault(key, set())
        if adds:
            dots.add(dot)
        dots -= gone

    def state(self):
        present = sorted(key for key, dots in self.elements.items() if dots)
        return [[decode(key), [list(dot) for dot in sorted(self.elements[key])]] for key in present]


class Counter:
    def __init__(self):
        self.bases = {}
        self.replaced = set()
        self.sums = {}

    def increment(self, bases, delta):
        for base in bases or [None]:
            self.sums[base] = self.sums.get(base, 0) + delta

    def set(self, dot, value, observed):
        self.replaced |= {base for base, _ in observed}
        self.bases[dot] = (value, observed)
        self.bases = {dot: base for dot, base in self.bases.items() if dot not in self.replaced}

    def state(self):
        bases = [
            [*dot, value, [[*base, total] for base, total in sorted(observed)]]
            for dot, (value, observed) in sorted(self.bases.items())
        ]
        named = sorted((base, total) for base, total in self.sums.items() if base is not None)
        sums = [[*base, sum_form(total)] for base, total in named if total % 2**128]
        initial = self.sums.get(None, 0)
        return [bases, sums, sum_form(initial)] if bases or sums or initial % 2**128 else []


class Text:
    def __init__(self):
        self.characters = {}
        self.parents = {}
        self.deleted = set()

    def apply(self, dot, insertions, deletions):
        known = set(self.characters)
        offset = 0
        for parent, characters in insertions:
            place = parent if parent and parent[1] in known else None
            for character in characters:
                name = (*dot, offset)
                self.characters[name], self.parents[name] = character, place
                place = (1, name)
                offset += 1
        for replica, seq, first, count in deletions:
            self.deleted |= {name for name in known if name[:2] == (replica, seq) and first <= name[2] < first + count}

    def order(self, place=None):
        for name in sorted(name for name, parent in self.parents.items() if parent == place):
            yield from self.order((0, name))
            yield name
            yield from self.order((1, name))

    def state(self):
        runs = []
        for name in self.order():
            gone = name in self.deleted
            if runs and (last := runs[-1][-1])[:2] == name[:2] and last[2] + 1 == name[2] and (last in self.deleted) == gone:
                runs[-1].append(name)
            else:
                runs.append([name])
        shown = ["".join(self.characters[name] for name in run) for run in runs]
        return [[*run[0], len(run) if run[0] in self.deleted else text] for run, text in zip(runs, shown)]


def sum_form(total):
    """A sum modulo 2^128, as the bytes of its two's complement."""
    return (total % 2**128).to_bytes(16, "big")


class Row:
    """What is known of one row."""

    def __init__(self):
        self.presence = Register()
        self.groups = {}
        self.drops = set()


class Rows:
    """The merge state of all rows."""

    def __init__(self, droppers=()):
        """`droppers` are the logs whose authors may drop rows."""
        self.rows = {}
        self.droppers = set(droppers)
        self.pasts = {}

    def note(self, entry):
        """Learns what an entry had seen, whether it has an effect or not."""
        before = {(dep[0], dep[1]) for dep in entry.deps} | {(entry.replica, entry.sequence - 1)}
        self.pasts[entry.replica, entry.sequence] = before.union(*(self.pasts.get(dot, set()) for dot in before))

    def apply(self, entry):
        """Applies the data change in an entry, whose body is neither compressed nor sealed."""
        body = decode(entry.body)
        replicas = [entry.replica] + [reference[0] for reference in body[6]]
        own = (entry.replica, entry.sequence)

        def dots(flat):
            return [(replicas[flat[i]], flat[i + 1]) for i in range(0, len(flat), 2)]

        cut = {reference[0]: reference[1] for reference in (body[7].get(1, []) if len(body) > 7 else [])}

        for table, name, verb, saw, effects in body[5]:
            row = self.rows.setdefault((table, name), Row())
            row.presence.write(own, [1 if verb == DELETE else 0], dots(saw))
            if [effect[1] for effect in effects] == [DROP]:
                if entry.replica in self.droppers and all(seq <= cut.get(log, 0) for log, seq in dots(saw)):
                    row.groups = {}
                    row.drops.add(own)
                continue
            if not row.drops <= self.pasts[own]:
                continue
            groups = row.groups
            for group, kind, *fields in effects:
                if kind not in FAMILY:
                    continue
                makers = {0: Register, 1: ObservedSet, 2: Counter, 4: Register, 5: Text}
                state = groups.setdefault((group, FAMILY[kind]), makers[FAMILY[kind]]())
                if kind == REGISTER:
                    state.write(own, fields[1:], dots(fields[0]))
                elif kind == SET:
                    for element, verb_of_element, seen in fields[0]:
                        state.apply(own, element, verb_of_element == 1, dots(seen))
                elif kind == INCREMENT:
                    state.increment(dots(fields[0]), fields[1])
                elif kind == BASE:
                    state.set(own, fields[1], [((replicas[i], seq), total) for i, seq, total in fields[0]])
                elif kind == TEXT:
                    insertions = [
                        ((item[0], (replicas[item[1]], item[2], item[3])) if len(item) == 5 else None, item[-1])
                        for item in fields[0]
                    ]
                    gone = fields[1]
                    groups_of_four = [gone[i : i + 4] for i in range(0, len(gone), 4)]
                    state.apply(own, insertions, [(replicas[i], seq, at, count) for i, seq, at, count in groups_of_four])
                else:
                    state.write(own, fields, [])

    def encoded_rows(self):
        for table, name in sorted(self.rows):
            row = self.rows[table, name]
            states = [[*key, row.groups[key].state()] for key in sorted(row.groups) if row.groups[key].state()]
            yield encode([table, name, row.presence.state(), states])

    def digest(self):
        return sha256(b"gemba/digest/1" + b"".join(self.encoded_rows()))
