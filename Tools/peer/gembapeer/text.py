"""The tree of characters that a text is (M10), after Weidner and Kleppmann, "The Art of the Fugue" (2023), §4."""

from typing import Any, Iterator

from .body import Deletion, Insertion
from .fields import Dot

Id = tuple[Dot, int]
LEFT, RIGHT = 0, 1
ROOT = None


class Text:
    """All characters ever inserted, and which of them are deleted."""

    def __init__(self) -> None:
        self.characters: dict[Id, str] = {}
        self.deleted: set[Id] = set()
        self.children: dict[tuple[Id | None, int], list[Id]] = {}

    def insert(self, dot: Dot, insertions: tuple[Insertion, ...]) -> None:
        offset = 0
        for insertion in insertions:
            parent, side = insertion.parent, insertion.side
            if parent not in self.characters:
                # Also where a parent is named that no effective change inserted.
                parent, side = ROOT, RIGHT
            for character in insertion.characters:
                identity = (dot, offset)
                self.characters[identity] = character
                self.children.setdefault((parent, side), []).append(identity)
                parent, side = identity, RIGHT
                offset += 1

    def delete(self, deletions: tuple[Deletion, ...]) -> None:
        for dot, offset, count in deletions:
            # A range may be far longer than what was inserted.
            if count <= len(self.characters):
                self.deleted.update((dot, at) for at in range(offset, offset + count) if (dot, at) in self.characters)
            else:
                self.deleted.update(i for i in self.characters if i[0] == dot and offset <= i[1] < offset + count)

    def order(self) -> Iterator[Id]:
        """The traversal: the left children of a character, the character, its right children."""
        stack: list[tuple[Id | None, bool]] = [(ROOT, False)]
        while stack:
            identity, is_opened = stack.pop()
            if is_opened:
                if identity is not None:
                    yield identity
                continue
            for child in sorted(self.children.get((identity, RIGHT), ()), reverse=True):
                stack.append((child, False))
            stack.append((identity, True))
            for child in sorted(self.children.get((identity, LEFT), ()), reverse=True):
                stack.append((child, False))

    def shown(self) -> str:
        return "".join(self.characters[i] for i in self.order() if i not in self.deleted)

    def state(self) -> list[list[Any]]:
        """The runs of a digest (M15g)."""
        runs: list[list[Any]] = []
        before: tuple[Id, bool] | None = None
        for identity in self.order():
            (dot, offset), is_shown = identity, identity not in self.deleted
            content = self.characters[identity] if is_shown else 1
            if before == ((dot, offset - 1), is_shown):
                runs[-1][3] += content
            else:
                runs.append([dot.replica, dot.seq, offset, content])
            before = identity, is_shown
        return runs

    def edits(self, position: int, removed: int, inserted: str) -> tuple[list[Insertion], list[Id]]:
        """A local edit between shown characters: what hangs where, and which characters go."""
        order = list(self.order())
        shown = [i for i in order if i not in self.deleted]
        gone = shown[position : position + removed]
        if not inserted:
            return [], gone
        left = shown[position - 1] if position else ROOT
        if not self.children.get((left, RIGHT)):
            parent, side = left, RIGHT
        else:
            # The character after the left one in the tree, shown or deleted.
            parent, side = order[order.index(left) + 1 if left is not None else 0], LEFT
        return [Insertion(parent, side, inserted)], gone
