"""The merge of 04-operations.md as plainly as it can be said: for the digests of the vectors, not for use."""

from encoding import decode, encode
from structures import sha256

INSERT, EDIT, DELETE = 0, 1, 2
REGISTER, SET, INCREMENT, BASE, FACT = range(5)
FAMILY = {REGISTER: 0, SET: 1, INCREMENT: 2, BASE: 2, FACT: 4}


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


def sum_form(total):
    """A sum modulo 2^128, as the bytes of its two's complement."""
    return (total % 2**128).to_bytes(16, "big")


class Rows:
    """The merge state of all rows."""

    def __init__(self):
        self.rows = {}

    def apply(self, entry):
        """Applies the data change in an entry, whose body is neither compressed nor sealed."""
        body = decode(entry.body)
        replicas = [entry.replica] + [reference[0] for reference in body[6]]
        own = (entry.replica, entry.sequence)

        def dots(flat):
            return [(replicas[flat[i]], flat[i + 1]) for i in range(0, len(flat), 2)]

        for table, row, verb, saw, effects in body[5]:
            presence, groups = self.rows.setdefault((table, row), (Register(), {}))
            presence.write(own, [1 if verb == DELETE else 0], dots(saw))
            for group, kind, *fields in effects:
                if kind not in FAMILY:
                    continue
                makers = {0: Register, 1: ObservedSet, 2: Counter, 4: Register}
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
                else:
                    state.write(own, fields, [])

    def encoded_rows(self):
        for table, row in sorted(self.rows):
            presence, groups = self.rows[table, row]
            states = [[*key, groups[key].state()] for key in sorted(groups) if groups[key].state()]
            yield encode([table, row, presence.state(), states])

    def digest(self):
        return sha256(b"gemba/digest/1" + b"".join(self.encoded_rows()))
