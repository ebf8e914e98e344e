"""What structures are made of: typed fields, identifiers and references (01-encoding §2 to §4)."""

from typing import Any, NamedTuple, Sequence

from .encoding import GREATEST_INTEGER, LEAST_INTEGER, Malformed

Replica = bytes
Hash = bytes


class Dot(NamedTuple):
    """Names a change in row metadata."""

    replica: Replica
    seq: int


class Ref(NamedTuple):
    """Names an entry, and through the prefix of its hash the history that leads to it (01-encoding §3)."""

    replica: Replica
    seq: int
    prefix: bytes


def need(condition: bool, what: str) -> None:
    """Refuses what does not hold."""
    if not condition:
        raise Malformed(what)


def array(item: Any, least: int, most: int | None = None) -> list[Any]:
    need(isinstance(item, list), "an array is expected")
    need(least <= len(item) <= (least if most is None else most), f"an array of {len(item)} elements")
    return item


def integer(item: Any, least: int = LEAST_INTEGER, most: int = GREATEST_INTEGER) -> int:
    need(isinstance(item, int) and not isinstance(item, bool), "an integer is expected")
    need(least <= item <= most, f"{item} is out of range")
    return item


def natural(item: Any, most: int = GREATEST_INTEGER) -> int:
    return integer(item, 0, most)


def number32(item: Any) -> int:
    """A table or group (E11)."""
    return integer(item, 0, 2**32 - 1)


def blob(item: Any, least: int, most: int | None = None) -> bytes:
    """A byte string of one length, or of a range of lengths (E10)."""
    need(isinstance(item, bytes), "a byte string is expected")
    need(least <= len(item) <= (least if most is None else most), f"E10: a byte string of {len(item)} bytes")
    return item


def text(item: Any, least: int, most: int) -> str:
    """Text whose UTF-8 has at least and at most so many bytes."""
    need(isinstance(item, str), "text is expected")
    need(least <= len(item.encode()) <= most, "a text is too short or too long")
    return item


def value(item: Any) -> Any:
    """The content of a cell (01-encoding §4)."""
    plain = item is None or (isinstance(item, (int, float, str, bytes)) and not isinstance(item, bool))
    need(plain, "a value is expected")
    return item


def reference(item: Any) -> Ref:
    replica, seq, prefix = array(item, 3)
    return Ref(blob(replica, 16), natural(seq), blob(prefix, 16))


def references(item: Any, most: int = 1024, least: int = 0) -> tuple[Ref, ...]:
    """A list of references: sorted by replica, one each (E12)."""
    refs = tuple(reference(element) for element in array(item, least, most))
    need(ascending([ref.replica for ref in refs]), "E12: references are not sorted by replica, one each")
    return refs


def ascending(keys: Sequence[Any]) -> bool:
    """Whether every key is greater than the one before it."""
    return all(before < after for before, after in zip(keys, keys[1:]))
