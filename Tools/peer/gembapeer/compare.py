"""One comparison of two vectors (07-sync §2)."""

from .fields import Ref, Replica, need
from .messages import Children, Difference, Digests, Entries, Part, digest, has_prefix

MOST_ENTRIES = 64
MOST_DIFFERENCES = 1024
Question = tuple[bytes, Part]


class Comparison:
    """Learns the peer's vector. All answers depend on the snapshot and the question alone (V5)."""

    def __init__(self, mine: list[Ref], begins: bool):
        self.mine, self.begins = mine, begins
        self.peer: dict[Replica, Ref] = {ref.replica: ref for ref in mine}
        self.open: dict[bytes, Part] = {}
        self.closed: set[bytes] = set()
        self.their_root: tuple[bytes, int] | None = None
        self.has_begun = False

    @property
    def root(self) -> tuple[bytes, int]:
        return digest(self.mine)[:16], len(self.mine)

    @property
    def is_complete(self) -> bool:
        return self.their_root is not None and (self.root == self.their_root or self.has_begun and not self.open)

    @property
    def is_right(self) -> bool:
        """Whether what was learned has the digest of the peer's root (V7)."""
        refs = [ref for _, ref in sorted(self.peer.items())]
        return self.their_root is not None and digest(refs)[:16] == self.their_root[0]

    def meet(self, their_root: tuple[bytes, int]) -> list[Question]:
        """Takes the peer's root; the smaller begins with a statement about everything (V2)."""
        self.their_root = their_root
        if self.root == their_root or not self.begins or self.has_begun:
            return []
        self.has_begun = True
        return [(b"", self._ask(b""))]

    def answer(self, digits: bytes, part: Part) -> list[Question]:
        """What is to be said to one part."""
        self.has_begun = True
        match part:
            case Entries(refs):
                need(len(refs) <= MOST_ENTRIES, "V2: too many entries for a statement")
                need(all(has_prefix(ref.replica, digits) for ref in refs), "V6: entries under another prefix")
                self._learn(digits, list(refs))
                return [(digits, self._difference(digits, refs))]
            case Digests(children):
                self._close(digits)
                return [(digits, self._children(digits, children))]
            case Difference(refs):
                need(all(has_prefix(replica, digits) for replica, _ in refs), "V6: a difference under another prefix")
                self._close(digits)
                for replica, ref in refs:
                    self.peer.pop(replica, None)
                    if ref:
                        self.peer[replica] = ref
                return []
            case Children(statements):
                self._close(digits)
                answers = [self.answer(digits + bytes((digit,)), statement) for digit, statement in statements]
                return [answer for some in answers for answer in some]

    def _under(self, digits: bytes) -> list[Ref]:
        return [ref for ref in self.mine if has_prefix(ref.replica, digits)]

    def _statement(self, digits: bytes) -> Entries | Digests:
        refs = self._under(digits)
        return Entries(tuple(refs)) if len(refs) <= MOST_ENTRIES else self._digests(digits)

    def _digests(self, digits: bytes) -> Digests:
        return Digests(tuple(digest(self._under(digits + bytes((d,))))[:8] for d in range(16)))

    def _ask(self, digits: bytes, statement: Part | None = None) -> Part:
        statement = statement or self._statement(digits)
        if digits not in self.closed:
            self.open[digits] = statement
        return statement

    def _close(self, digits: bytes) -> None:
        self.open.pop(digits, None)
        self.closed.add(digits)

    def _learn(self, digits: bytes, refs: list[Ref]) -> None:
        for replica in [name for name in self.peer if has_prefix(name, digits)]:
            del self.peer[replica]
        self.peer.update((ref.replica, ref) for ref in refs)

    def _difference(self, digits: bytes, listed: tuple[Ref, ...]) -> Part:
        """V3, with the digests that take its place where too much differs."""
        theirs = {ref.replica: ref for ref in listed}
        mine = {ref.replica: ref for ref in self._under(digits)}
        names = sorted(name for name in theirs.keys() | mine.keys() if theirs.get(name) != mine.get(name))
        if len([name for name in names if name in mine]) > MOST_DIFFERENCES:
            return self._ask(digits, self._digests(digits))
        return Difference(tuple((name, mine.get(name)) for name in names))

    def _children(self, digits: bytes, theirs: tuple[bytes, ...]) -> Children:
        """V4: a statement about every child whose digest differs."""
        mine = self._digests(digits).children
        differing = [digit for digit in range(16) if mine[digit] != theirs[digit]]
        asked = [(digit, self._ask(digits + bytes((digit,)))) for digit in differing]
        return Children(tuple(asked))  # type: ignore[arg-type]
