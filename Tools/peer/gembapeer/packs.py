"""Packs: runs without what their stream said before (07-sync §7)."""

from typing import Any

from .encoding import Malformed
from .fields import Ref, array, ascending, blob, natural, need
from .log import MAXIMUM_BODY, Entry, Run, Seal

MAXIMUM_NAMES = 4096
Form = tuple[bytes | None, int]


class Context:
    """What an end of a stream remembers for as long as the round (S15)."""

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self.form: Form = (None, 0)

    def _read_name(self, item: Any) -> bytes:
        if isinstance(item, bytes):
            name = blob(item, 16)
            if len(self.names) < MAXIMUM_NAMES:
                self.names.append(name)
            return name
        need(natural(item) < len(self.names), "S16: a place without a name")
        return self.names[item]

    def _write_name(self, name: bytes) -> int | bytes:
        if name in self.names:
            return self.names.index(name)
        if len(self.names) < MAXIMUM_NAMES:
            self.names.append(name)
        return name

    def unpack(self, item: Any) -> Run:
        """The run that a packed run says (S22), or `Malformed`."""
        log, first, previous, bodies, signature, *rest = array(item, 5, 8)
        need(not rest or bool(rest[-1]), "S21: an empty element at the end")
        lengths, forms, deps = (*rest, *(b"", [], [])[len(rest) :])
        replica = self._read_name(log)
        blob(bodies, 0, 2**20)
        least, excess = _read_lengths(blob(lengths, 0, 2**20))
        deps_at = self._read_deps(deps, len(excess) + 1)
        forms_at = self._read_forms(forms, len(excess) + 1)
        entries, at = [], 0
        for place, (epoch, coding) in enumerate(forms_at):
            nonce, at = (bodies[at : at + 12], at + 12) if epoch else (b"", at)
            end = at + least + excess[place] if place < len(excess) else len(bodies)
            need(at <= end <= len(bodies), "S19: bodies end early")
            seal = Seal(epoch, nonce) if epoch else None
            need(end - at <= MAXIMUM_BODY, "C2: a body is too long")
            entries.append(Entry(deps_at.get(place, ()), seal, coding, bodies[at:end]).encoded())
            at = end
        if excess:
            sizes = [least + more for more in excess]
            # S18: the least length is that of a body, the last one included.
            last = len(bodies) - sum(sizes) - sum(12 for epoch, _ in forms_at if epoch)
            need(min(*sizes, last) == least, "S18: no body has the least length")
        run = Run(replica, natural(first), blob(previous, 0, 16), tuple(entries), blob(signature, 64))
        need(len(run.previous) == (16 if run.first else 0), "R1: the previous hash")
        return run

    def _read_deps(self, flat: Any, count: int) -> dict[int, tuple[Ref, ...]]:
        need(isinstance(flat, list) and len(flat) % 2 == 0, "S20: half a pair")
        found = {}
        for place, items in zip(flat[::2], flat[1::2]):
            refs = []
            for item in array(items, 1, 1024):
                log, seq, prefix = array(item, 3)
                refs.append(Ref(self._read_name(log), natural(seq), blob(prefix, 16)))
            need(ascending([ref.replica for ref in refs]), "E12: deps are not sorted, one each")
            found[natural(place, count - 1)] = tuple(refs)
        need(ascending(flat[::2]), "S20: places are not ascending")
        return found

    def _read_forms(self, flat: Any, count: int) -> list[Form]:
        need(isinstance(flat, list), "S17: forms")
        found: list[Form] = []
        if not flat:
            found = [self.form] * count
        else:
            need(len(flat) % 3 == 2, "S17: part of a form")
            for at in range(0, len(flat), 3):
                name, coding = flat[at], natural(flat[at + 1], 1)
                form = (None if name is None else self._read_name(name), coding)
                is_last = at + 3 > len(flat)
                repeated = count - len(found) if is_last else natural(flat[at + 2])
                need(1 <= repeated <= count - len(found), "S17: a form of no entry, or of too many")
                need(not found or found[-1] != form, "S17: two equal forms that follow each other")
                found += [form] * repeated
            need(len(flat) != 2 or found[0] != self.form, "S21: the form of the context")
        self.form = found[-1]
        return found

    def pack(self, run: Run, is_roster: bool = False) -> list[Any]:
        """The packed run that says `run`."""
        entries = [
            Entry.decode(data, run.first + at == 0, is_roster, run.replica) for at, data in enumerate(run.entries)
        ]
        log = self._write_name(run.replica)
        deps: list[Any] = []
        for place, entry in enumerate(entries):
            if entry.deps:
                deps += [place, [[self._write_name(ref.replica), ref.seq, ref.prefix] for ref in entry.deps]]
        forms = self._write_forms([(e.seal.epoch if e.seal else None, e.coding) for e in entries])
        bodies = b"".join((e.seal.nonce if e.seal else b"") + e.body for e in entries)
        rest = [_write_lengths([len(e.body) for e in entries]), forms, deps]
        while rest and not rest[-1]:
            rest.pop()
        return [log, run.first, run.previous, bodies, run.signature, *rest]

    def _write_forms(self, forms: list[Form]) -> list[Any]:
        groups: list[tuple[Form, int]] = []
        for form in forms:
            if groups and groups[-1][0] == form:
                groups[-1] = form, groups[-1][1] + 1
            else:
                groups.append((form, 1))
        is_as_before = len(groups) == 1 and forms[0] == self.form
        self.form = forms[-1]
        if is_as_before:
            return []
        flat: list[Any] = []
        for (epoch, coding), count in groups:
            flat += [None if epoch is None else self._write_name(epoch), coding, count]
        return flat[:-1]


def _read_lengths(data: bytes) -> tuple[int, list[int]]:
    """The least length, and by how much all entries but the last exceed it (S18)."""
    numbers, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte & 0x80:
            need(shift < 21, "S18: a number of more than three bytes")
        else:
            need(byte != 0 or shift == 7, "S18: not the fewest bytes")
            numbers.append(number)
            number = shift = 0
    if shift:
        raise Malformed("S18: a number ends early")
    need(len(numbers) != 1, "S18: lengths of one entry")
    return (numbers[0], numbers[1:]) if numbers else (0, [])


def _write_lengths(lengths: list[int]) -> bytes:
    if len(lengths) == 1:
        return b""
    out = bytearray()
    for number in [min(lengths), *(length - min(lengths) for length in lengths[:-1])]:
        while number > 0x7F:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        out.append(number)
    return bytes(out)
