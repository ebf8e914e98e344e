"""From operations to the bytes of a body, and from JSON lines to operations (02-change §5, 04-operations §1 to §3)."""

from typing import Any, Iterable

from .body import (
    DELETE, EDIT, INSERT, Base, Deletion, Drop, Effect, Element, Fact, Increment, Insertion, Operation, Register,
    SetEdit, TextEdit, Unknown,
)  # fmt: skip
from .encoding import Map, encode
from .fields import Dot, Ref, need
from .fields import Replica as Name
from .merge import Counter, Row
from .station import Draft
from .text import Text

VERBS = {"insert": INSERT, "edit": EDIT, "delete": DELETE}


def body_content(draft: Draft, operations: Iterable[Operation], cut: tuple[Ref, ...] | None = None) -> bytes:
    """The content of a data body whose references are as far as its dots need them (B3)."""
    ordered = sorted(operations, key=lambda operation: (operation.table, operation.row))
    numbers: dict[Name, int] = {}
    for operation in ordered:
        for dot in dots_of(operation):
            if dot.replica != draft.log:
                numbers[dot.replica] = max(numbers.get(dot.replica, 0), dot.seq)
    references = [draft.replica.logs[name].ref(name, seq) for name, seq in sorted(numbers.items())]
    writer = _Writer(draft.log, {name: index for index, name in enumerate(sorted(numbers), 1)})
    items = [writer.operation(operation) for operation in ordered]
    extensions = [Map([(1, cut)])] if cut is not None else []
    return encode([draft.timestamp, draft.lamport, 1, draft.by, draft.reason, items, references, *extensions])


def dots_of(operation: Operation) -> list[Dot]:
    """All dots that an operation names."""
    dots = [*operation.saw]
    for effect in operation.effects:
        match effect:
            case Register(_, replaces, _):
                dots += replaces
            case SetEdit(_, elements):
                dots += [dot for element in elements for dot in element.saw]
            case Increment(_, bases, _):
                dots += bases
            case Base(_, replaces, _):
                dots += [dot for dot, _ in replaces if dot.seq]
            case TextEdit(_, insertions, deletions):
                dots += [insertion.parent[0] for insertion in insertions if insertion.parent]
                dots += [deletion.dot for deletion in deletions]
    return dots


class _Writer:
    def __init__(self, own: Name, indexes: dict[Name, int]):
        self.indexes = {**indexes, own: 0}

    def _dot(self, dot: Dot) -> list[int]:
        return [self.indexes[dot.replica], dot.seq]

    def _dots(self, dots: Iterable[Dot]) -> list[int]:
        return [number for dot in sorted(set(dots)) for number in self._dot(dot)]

    def operation(self, operation: Operation) -> list[Any]:
        effects = [self._effect(effect) for effect in sorted(operation.effects, key=lambda effect: effect.group)]
        return [operation.table, operation.row, operation.verb, self._dots(operation.saw), effects]

    def _effect(self, effect: Effect) -> list[Any]:
        match effect:
            case Register(group, replaces, values):
                return [group, 0, self._dots(replaces), *values]
            case SetEdit(group, elements):
                ordered = sorted(elements, key=lambda element: encode(element.value))
                return [group, 1, [[e.value, int(e.adds), self._dots(e.saw)] for e in ordered]]
            case Increment(group, bases, delta):
                return [group, 2, self._dots(bases), delta]
            case Base(group, replaces, number):
                seen = [[*self._dot(dot), total] if dot.seq else [0, 0, total] for dot, total in sorted(replaces)]
                return [group, 3, seen, number]
            case Fact(group, values):
                return [group, 4, *values]
            case TextEdit(group, insertions, deletions):
                flat = [number for d in sorted(deletions) for number in (*self._dot(d.dot), d.offset, d.count)]
                return [group, 5, [self._insertion(insertion) for insertion in insertions], flat]
            case Drop():
                return [0, 6]
            case Unknown(_, _, item):
                return item
        raise TypeError(f"{effect} is no effect")

    def _insertion(self, insertion: Insertion) -> list[Any]:
        if insertion.parent is None:
            return [insertion.characters]
        dot, offset = insertion.parent
        return [insertion.side, *self._dot(dot), offset, insertion.characters]


# From JSON lines


def operations_of(draft: Draft, items: list[dict[str, Any]]) -> list[Operation]:
    """Operations that replace everything that the author holds (M3)."""
    return [operation_of(draft, item) for item in items]


def operation_of(draft: Draft, item: dict[str, Any]) -> Operation:
    """`{"table": 1, "row": hex, "verb": "insert", "effects": [...]}`; see the README for effects."""
    table, name, verb = item["table"], bytes.fromhex(item["row"]), VERBS[item["verb"]]
    row = draft.replica.state().rows.get((table, name), Row())
    may_edit = row.is_alive or not row.is_inserted or item.get("restore", False)
    need(verb == INSERT or may_edit, "§5: the row is deleted; say \"restore\": true")
    is_insert = verb == INSERT
    effects = tuple(effect_of(effect, Row() if is_insert else row, draft) for effect in item.get("effects", []))
    return Operation(table, name, verb, () if is_insert else tuple(sorted(row.presence)), effects)


def effect_of(item: dict[str, Any], row: Row, draft: Draft) -> Effect:
    group, kind = item["group"], item["kind"]
    if kind == "register":
        return Register(group, tuple(row.registers.get(group, ())), tuple(map(value_of, item["values"])))
    if kind == "fact":
        return Fact(group, tuple(map(value_of, item["values"])))
    if kind == "set":
        adds = row.sets.get(group, {})
        edits = [(value, True) for value in item.get("add", [])] + [(value, False) for value in item.get("remove", [])]
        return SetEdit(group, tuple(
            Element(value_of(v), is_add, tuple(adds.get(encode(value_of(v)), ()))) for v, is_add in edits
        ))  # fmt: skip
    counter = row.counters.get(group, Counter())
    if kind == "increment":
        return Increment(group, tuple(counter.bases), item["delta"])
    if kind == "base":
        return Base(group, observed(counter, draft.log), item["value"])
    if kind == "text":
        text = row.texts.get(group, Text())
        insertions, gone = text.edits(item["at"], item.get("remove", 0), item.get("insert", ""))
        return TextEdit(group, tuple(insertions), deletions_of(gone))
    raise ValueError(f"no effect is called {kind}")


def value_of(item: Any) -> Any:
    """A value in JSON; bytes are `{"bytes": hex}`."""
    return bytes.fromhex(item["bytes"]) if isinstance(item, dict) else item


def observed(counter: Counter, own: Name) -> tuple[tuple[Dot, int], ...]:
    """What a base replaces, with the sums that the author holds (F4)."""
    if counter.bases:
        return tuple((dot, saturated(counter.sums.get(dot, 0))) for dot in sorted(counter.bases))
    initial = saturated(counter.initial)
    return ((Dot(own, 0), initial),) if initial else ()


def saturated(total: int) -> int:
    """A sum as it is shown (M9)."""
    total = (total + 2**127) % 2**128 - 2**127
    return max(-(2**63), min(2**63 - 1, total))


def deletions_of(characters: list[tuple[Dot, int]]) -> tuple[Deletion, ...]:
    """Deletions that neither overlap nor meet (F8)."""
    found: list[Deletion] = []
    for dot, offset in sorted(set(characters)):
        last = found[-1] if found else None
        if last and last.dot == dot and last.offset + last.count == offset:
            found[-1] = last._replace(count=last.count + 1)
        else:
            found.append(Deletion(dot, offset, 1))
    return tuple(found)
