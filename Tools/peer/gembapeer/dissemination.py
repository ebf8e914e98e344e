"""The frames of 12-dissemination. This peer does not take part: it pushes over all links, and says so in its hello."""

from typing import Any, NamedTuple

from .fields import Ref, array, blob, natural, need, references

MOST_ANNOUNCED = 8192


class Announce(NamedTuple):
    """What the sender holds that the receiver is not known to, and what it holds of what was announced (T3)."""

    new: tuple[Ref, ...]
    held: tuple[Ref, ...]

    @staticmethod
    def read(fields: list[Any]) -> "Announce":
        new, held = (references(refs, MOST_ANNOUNCED) for refs in array(fields, 2))
        need(bool(new or held), "T3: an announcement of nothing")
        return Announce(new, held)

    def fields(self) -> list[Any]:
        return list(self)


class Tree(NamedTuple):
    """A beacon of a root, and what the sender wants of the receiver (T9)."""

    root: bytes
    number: int
    hops: int
    push: int

    @staticmethod
    def read(fields: list[Any]) -> "Tree":
        root, number, hops, push = array(fields, 4)
        return Tree(blob(root, 8), natural(number), natural(hops, 255), natural(push, 1))

    def fields(self) -> list[Any]:
        return list(self)
