"""Asks a peer whether its rows are those that are held here, and answers when it asks (10-agreement §3 and §4)."""

import logging
from hashlib import sha256
from typing import Callable, NamedTuple

from .agreement import MOST_RANGES, MOST_ROWS_ASKED, Compare, RowName, Statement, Tree
from .fields import need
from .log import DATA, ROSTER
from .messages import digest
from .replica import Replica

REPEAT = 5.0
LATER = 2.0
logger = logging.getLogger(__name__)


class Basis(NamedTuple):
    """What a tree was made of (A5)."""

    data: bytes
    roster: bytes
    epoch: bytes | None


class Rows:
    """One end of one session; messages to send are handed to `send`."""

    def __init__(self, replica: Replica, send: Callable[[Compare | Statement], None]):
        self.replica, self.send = replica, send
        self.agreed: Basis | None = None
        self.differing: dict[RowName, tuple[bytes, bytes]] = {}
        self.question: Compare | None = None
        self._number = 0
        self._asked_at = self._due_at = 0.0
        self._tree: tuple[Basis, Tree] | None = None
        self._asked_of: Tree | None = None
        self._ranges: list[bytes] = []
        self._rows: list[RowName] = []
        self._remade: Basis | None = None

    def _basis(self) -> Basis | None:
        """That of the present, or None where the plant has epochs and no key is held (A3)."""
        data, roster = (digest(self.replica.vector(kind))[:16] for kind in (DATA, ROSTER))
        key = self.replica.newest_epoch(is_usable=False)
        if key is None and self.replica.roster().epochs:
            return None
        return Basis(data, roster, sha256(key).digest()[:16] if key else None)

    def _made(self, basis: Basis) -> Tree:
        if self._tree is None or self._tree[0] != basis:
            secret = self.replica.newest_epoch(is_usable=False) or self.replica.plant
            self._tree = basis, Tree(self.replica.state().compared_rows(), secret)
        return self._tree[1]

    def _make_anew(self, basis: Basis) -> Tree:
        """The tree of rows that were made from the logs once more, which is done once for a basis (A8)."""
        if self._remade != basis:
            self._remade = basis
            self.replica.forget_rows()
            self._tree = None
        return self._made(basis)

    def answer(self, question: Compare) -> None:
        basis = self._basis()
        if basis is None or basis != (question.data, question.roster, question.epoch):
            return self.send(Statement(question.number, None, None))
        statement = (self._make_anew if question.rows else self._made)(basis).answer(question)
        if statement.ranges == () and any(not digits for digits, _ in question.ranges):
            # Who states nothing about all rows knows that both agree (§4).
            self.agreed = basis
        return self.send(statement)

    # Asking

    @property
    def is_asking(self) -> bool:
        return self.question is not None

    @property
    def agrees(self) -> bool:
        """Whether the peer has shown the rows that are held now."""
        return self.agreed is not None and self.agreed == self._basis()

    def tick(self, may_begin: bool, now: float) -> None:
        """Repeats a question, or begins to ask a peer that holds the same."""
        if self.question:
            if now - self._asked_at > REPEAT:
                self._asked_at = now
                self.send(self.question)
        elif may_begin and now >= self._due_at:
            self._due_at = now + LATER
            basis = self._basis()
            if basis and basis != self.agreed:
                self.differing = {}
                self._begin(basis, now)

    def _begin(self, basis: Basis, now: float) -> None:
        self._ranges, self._rows, self._asked_of = [b""], [], self._made(basis)
        self._ask_next(basis, now)

    def _ask_next(self, basis: Basis, now: float) -> None:
        """The next question, or the end of asking."""
        self.question = None
        assert self._asked_of
        if self._ranges:
            asked, self._ranges = sorted(self._ranges[:MOST_RANGES]), self._ranges[MOST_RANGES:]
            self._ask(basis, tuple((digits, self._asked_of.fingerprint(digits)) for digits in asked), (), now)
        elif self._rows:
            self._asked_of = self._make_anew(basis)
            named, self._rows = sorted(self._rows[:MOST_ROWS_ASKED]), self._rows[MOST_ROWS_ASKED:]
            self._ask(basis, (), tuple(named), now)
        elif not self.differing:
            self.agreed = basis

    def _ask(
        self, basis: Basis, ranges: tuple[tuple[bytes, bytes], ...], rows: tuple[RowName, ...], now: float
    ) -> None:
        self._number += 1
        self._asked_at = now
        self.question = Compare(self._number, *basis, ranges, rows)
        self.send(self.question)

    def receive(self, statement: Statement, now: float) -> None:
        """Takes up an answer to the last question (A6, A7, A9)."""
        question, tree = self.question, self._asked_of
        if question is None or tree is None or statement.number != question.number:
            return
        basis = Basis(question.data, question.roster, question.epoch)
        if basis != self._basis() or (statement.ranges is None and statement.states is None):
            # A5: what is under way is no difference.
            self.question = None
            return
        if statement.ranges is not None:
            asked = {digits for digits, _ in question.ranges}
            need(all(stated.digits in asked for stated in statement.ranges), "A7: what was not asked is stated")
            need(not question.rows, "A7: ranges are stated, and rows were asked about")
            ranges, rows = tree.differing(statement.ranges)
            self._ranges += ranges
            self._rows += rows
        else:
            assert statement.states is not None
            need(tuple(state[:2] for state in statement.states) == question.rows, "A9: states of other rows")
            for table, row, state in statement.states:
                ours = tree.state((table, row)).state
                if ours != state and not tree.is_passed_over((table, row)):
                    logger.warning("row %s of table %d differs", row.hex(), table)
                    self.differing[table, row] = ours, state
        self._ask_next(basis, now)
