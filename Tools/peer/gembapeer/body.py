"""The content of a change: row operations and their effects (02-change §5, 04-operations §1 and §2)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from .encoding import LEAST_INTEGER, Map, Malformed, decode, encode
from .fields import (
    Dot, Ref, Replica, array, ascending, blob, integer, natural, need, number32, references, text, value,
)  # fmt: skip

INSERT, EDIT, DELETE = 0, 1, 2
REGISTER, SET, INCREMENT, BASE, FACT, TEXT, DROP = range(7)
CUT = 1


class Register(NamedTuple):
    group: int
    replaces: tuple[Dot, ...]
    values: tuple[Any, ...]


class Element(NamedTuple):
    value: Any
    adds: bool
    saw: tuple[Dot, ...]


class SetEdit(NamedTuple):
    group: int
    elements: tuple[Element, ...]


class Increment(NamedTuple):
    group: int
    bases: tuple[Dot, ...]
    delta: int


class Base(NamedTuple):
    """`replaces` has dots with the sums seen; one with number 0 is the initial zero (F4)."""

    group: int
    replaces: tuple[tuple[Dot, int], ...]
    value: int


class Fact(NamedTuple):
    group: int
    values: tuple[Any, ...]


class Insertion(NamedTuple):
    """`parent` is (dot, offset), or None at the beginning (F7)."""

    parent: tuple[Dot, int] | None
    side: int
    characters: str


class Deletion(NamedTuple):
    dot: Dot
    offset: int
    count: int


class TextEdit(NamedTuple):
    group: int
    insertions: tuple[Insertion, ...]
    deletions: tuple[Deletion, ...]


class Drop(NamedTuple):
    group: int = 0


class Unknown(NamedTuple):
    """An effect of a kind without meaning here, kept and skipped (F6)."""

    group: int
    kind: int
    item: list[Any]


Effect = Register | SetEdit | Increment | Base | Fact | TextEdit | Drop | Unknown


@dataclass(frozen=True)
class Operation:
    table: int
    row: bytes
    verb: int
    saw: tuple[Dot, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Body:
    timestamp: int
    lamport: int
    schema: int
    actor: str
    reason: str
    operations: tuple[Operation, ...]
    references: tuple[Ref, ...]
    cut: tuple[Ref, ...] | None

    @staticmethod
    def decode(content: bytes, author: Replica, seq: int) -> "Body":
        """The body, or `Malformed` where it is invalid by its bytes, author and number alone (B1)."""
        item = decode(content)
        timestamp, lamport, schema, actor, reason, operations, refs, *rest = array(item, 7, 8)
        reader = _Reader(author, seq, references(refs))
        need(all(ref.replica != author for ref in reader.references), "B3: a reference to the own log")
        extensions = _extensions(rest[0]) if rest else Map()
        cut = _cut(extensions)
        ops = tuple(reader.operation(op, cut) for op in array(operations, 0, 2**32))
        need(ascending([(op.table, op.row) for op in ops]), "O1: operations are not sorted, one for each row")
        return Body(
            natural(timestamp), integer(lamport, 1), natural(schema), text(actor, 0, 256), text(reason, 0, 16384),
            ops, reader.references, cut,
        )  # fmt: skip


def _extensions(item: Any) -> Map:
    need(isinstance(item, Map) and len(item) > 0, "B2: extensions without a key")
    for key, _ in item:
        natural(key)
    return item


def _cut(extensions: Map) -> tuple[Ref, ...] | None:
    """Extension 1 where it is a list of references; whatever else stands there is ignored (B7)."""
    for key, item in extensions:
        if key == CUT:
            try:
                return references(item)
            except Malformed:
                return None
    return None


class _Reader:
    """Reads operations, whose dots stand for entries of the own log and of the references (B3)."""

    def __init__(self, author: Replica, seq: int, refs: tuple[Ref, ...]):
        self.author, self.seq, self.references = author, seq, refs

    def dot(self, index: Any, seq: Any) -> Dot:
        natural(index, len(self.references))
        ref = self.references[index - 1] if index else None
        most = ref.seq if ref else self.seq - 1
        return Dot(ref.replica if ref else self.author, integer(seq, 1, most))

    def dots(self, item: Any) -> tuple[Dot, ...]:
        flat = array(item, 0, 2**32)
        need(len(flat) % 2 == 0, "B4: half a dot")
        dots = tuple(self.dot(*flat[at : at + 2]) for at in range(0, len(flat), 2))
        need(ascending(dots), "B4: dots are not sorted, one each")
        return dots

    def operation(self, item: Any, cut: tuple[Ref, ...] | None) -> Operation:
        table, row, verb, saw_item, effect_items = array(item, 5)
        natural(verb, DELETE)
        saw = self.dots(saw_item)
        need(verb != INSERT or not saw, "O2: an insert that saw presence")
        effects = tuple(self.effect(effect, verb) for effect in array(effect_items, 0, 2**32))
        need(ascending([effect.group for effect in effects]), "O1: effects are not sorted, one for each group")
        if not (verb == DELETE and len(effects) == 1 and saw and covers(cut, saw)):
            # F9: elsewhere it is like an effect of a kind that nobody knows.
            effects = tuple(Unknown(0, DROP, [0, DROP]) if isinstance(e, Drop) else e for e in effects)
        return Operation(number32(table), blob(row, 16), verb, saw, effects)

    def effect(self, item: Any, verb: int) -> Effect:
        group, kind, *fields = array(item, 2, 2**32)
        number32(group)
        natural(kind)
        readers = {
            REGISTER: self._register, SET: self._set, INCREMENT: self._increment, BASE: self._base, FACT: self._fact,
            TEXT: self._text,
        }  # fmt: skip
        if kind in readers:
            return readers[kind](group, fields, verb)
        return Drop() if kind == DROP and group == 0 and not fields else Unknown(group, kind, item)

    def _register(self, group: int, fields: list[Any], verb: int) -> Effect:
        replaces, *values = array(fields, 2, 2**32)
        dots = self.dots(replaces)
        need(verb != INSERT or not dots, "O3: an insert that replaces")
        return Register(group, dots, tuple(map(value, values)))

    def _set(self, group: int, fields: list[Any], verb: int) -> Effect:
        elements = []
        for item in array(array(fields, 1)[0], 1, 2**32):
            element, adds, saw = array(item, 3)
            elements.append(Element(value(element), natural(adds, 1) == 1, self.dots(saw)))
        need(ascending([encode(element.value) for element in elements]), "F2: elements are not sorted, one each")
        need(verb != INSERT or all(e.adds and not e.saw for e in elements), "O3: an insert that removes or replaces")
        return SetEdit(group, tuple(elements))

    def _increment(self, group: int, fields: list[Any], verb: int) -> Effect:
        bases, delta = array(fields, 2)
        dots = self.dots(bases)
        need(verb != INSERT or not dots, "O3: an insert that names bases")
        need(integer(delta, -(2**53), 2**53) != 0, "F3: an increment of nothing")
        return Increment(group, dots, delta)

    def _base(self, group: int, fields: list[Any], verb: int) -> Effect:
        replaces, number = array(fields, 2)
        observed = []
        items = array(replaces, 0, 2**32)
        for item in items:
            index, seq, seen = array(item, 3)
            if len(items) == 1 and natural(index) == 0 and natural(seq) == 0:
                need(integer(seen) != 0, "F4: the initial zero with nothing added")
                observed.append((Dot(self.author, 0), seen))
            else:
                observed.append((self.dot(index, seq), integer(seen)))
        need(ascending([dot for dot, _ in observed]), "F4: bases are not sorted, one each")
        need(verb != INSERT or not observed, "O3: an insert that replaces")
        return Base(group, tuple(observed), integer(number))

    def _fact(self, group: int, fields: list[Any], verb: int) -> Effect:
        need(verb == INSERT, "F5: a fact elsewhere than under insert")
        return Fact(group, tuple(map(value, array(fields, 1, 2**32))))

    def _text(self, group: int, fields: list[Any], verb: int) -> Effect:
        insertion_items, flat = array(fields, 2)
        insertions = tuple(map(self._insertion, array(insertion_items, 0, 2**32)))
        need(len(array(flat, 0, 2**32)) % 4 == 0, "F8: half a deletion")
        deletions = tuple(self._deletion(*flat[at : at + 4]) for at in range(0, len(flat), 4))
        for before, after in zip(deletions, deletions[1:]):
            apart = (after.dot, after.offset) > (before.dot, before.offset + before.count)
            need(apart, "F8: deletions are not sorted, or overlap or meet")
        need(bool(insertions or deletions), "F8: an edit of nothing")
        need(sum(len(i.characters) for i in insertions) <= 2**32, "F8: too many characters")
        only_beginning = not deletions and all(insertion.parent is None for insertion in insertions)
        need(verb != INSERT or only_beginning, "F8: an insert that deletes, or names a character")
        return TextEdit(group, insertions, deletions)

    def _insertion(self, item: Any) -> Insertion:
        fields = array(item, 1, 5)
        need(len(fields) in (1, 5), "F7: an insertion has one element or five")
        characters = text(fields[-1], 1, 2**32)
        if len(fields) == 1:
            return Insertion(None, 1, characters)
        side, index, seq, offset, _ = fields
        return Insertion((self.dot(index, seq), number32(offset)), natural(side, 1), characters)

    def _deletion(self, index: Any, seq: Any, offset: Any, count: Any) -> Deletion:
        dot = self.dot(index, seq)
        need(number32(offset) + integer(count, 1, 2**32 - 1) <= 2**32, "F8: a deletion beyond all offsets")
        return Deletion(dot, offset, count)


def covers(cut: tuple[Ref, ...] | None, dots: tuple[Dot, ...]) -> bool:
    """Whether the cut has, for every dot, a reference to its log with no smaller number (B7)."""
    reached = {ref.replica: ref.seq for ref in cut or ()}
    return all(reached.get(dot.replica, LEAST_INTEGER) >= dot.seq for dot in dots)
