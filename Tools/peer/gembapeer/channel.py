"""The exchange of one kind of logs in one session: rounds, and the streams that follow them (07-sync §2 to §5)."""

from typing import Callable

from .compare import Comparison, Question
from .fields import Ref, need
from .fields import Replica as Name
from .log import DATA, Run
from .merge import Clock
from .messages import Ack, Batch, Message, Pack, Root, Vector
from .replica import Outcome, Replica
from .stream import Receiving, Sending

REPEAT = 1.0
COMPARISON_PATIENCE = 5.0
ACK_PATIENCE = 10.0
QUIET, LONGEST_QUIET = 1.0, 160.0


class LimitExceeded(Exception):
    """A bound of the protocol was passed (bye 5)."""


class Channel:
    """Roster or data. Messages to send are handed to `send`."""

    def __init__(
        self, replica: Replica, kind: int, begins: bool, packs: bool, send: Callable[[Message], None], last_round: int
    ):
        self.replica, self.kind, self.begins, self.packs, self.send = replica, kind, begins, packs, send
        self.round = last_round
        self.comparison: Comparison | None = None
        self.sending: Sending | None = None
        self.receiving = Receiving(kind, 0)
        self.learned: dict[Name, Ref] = {}
        self.has_peer_gone_on = False
        self.asked_at = self.began_at = self.active_at = self.acked_at = self.completed_at = 0.0
        self.patience = COMPARISON_PATIENCE
        self.quiet = QUIET
        self.left_out: set[Name] = set()
        self.roster_when_left_out = (0, 0)
        self.rounds_completed = 0

    # Rounds

    @property
    def has_begun(self) -> bool:
        return self.comparison is not None

    def open(self, now: float) -> None:
        self._begin(self.round + 1, now)

    def _begin(self, number: int, now: float) -> None:
        """V1: a root over a snapshot; S11: streams start anew."""
        self.round = number
        self.comparison = Comparison(self.replica.vector(self.kind), self.begins)
        self.sending = None
        self.receiving = Receiving(self.kind, number)
        self.learned = {}
        self.left_out = set()
        self.has_peer_gone_on = False
        self.asked_at = self.began_at = self.active_at = now
        self._send_root()

    def _send_root(self) -> None:
        assert self.comparison
        self.send(Root(self.kind, self.round, *self.comparison.root))

    def receive(self, message: Message, now: float) -> None:
        """Acts upon a frame of this kind; one of another round is dropped."""
        if isinstance(message, Root):
            return self._on_root(message, now)
        if self.comparison is None or message.round != self.round:  # type: ignore[union-attr]
            return
        self.has_peer_gone_on = True
        self.active_at = now
        match message:
            case Vector(_, _, parts):
                self._ask([answer for part in parts for answer in self.comparison.answer(*part)], now)
                self._complete(now)
            case Batch():
                self._on_runs(message.offset, message.runs, now)
            case Pack():
                self._on_pack(message, now)
            case Ack():
                if self.sending:
                    self.acked_at = now
                    self.sending.acknowledge(message)

    def _on_root(self, root: Root, now: float) -> None:
        if root.round < self.round or root.round == 0:
            return
        if root.round >= 2**32:
            raise LimitExceeded("rounds")
        if root.round > self.round or self.comparison is None:
            self._begin(root.round, now)
        assert self.comparison
        if self.comparison.their_root is None:
            self._ask(self.comparison.meet((root.digest, root.count)), now)
            self._complete(now)
        elif not self.has_peer_gone_on:
            self._send_root()

    def _ask(self, questions: list[Question], now: float) -> None:
        self.asked_at = now
        if questions:
            self.send(Vector(self.kind, self.round, tuple(questions)))

    def _complete(self, now: float) -> None:
        assert self.comparison
        if self.sending or not self.comparison.is_complete:
            return
        if not self.comparison.is_right:
            return self.open(now)
        self.patience = COMPARISON_PATIENCE
        self.sending = Sending(self.replica, self.kind, self.round, dict(self.comparison.peer), self.packs)
        for ref in self.learned.values():
            self.sending.knows(ref)
        self.completed_at = self.acked_at = now
        self.rounds_completed += 1

    @property
    def agrees(self) -> bool:
        """Whether both roots of this round are those of what is held now."""
        comparison = self.comparison
        is_equal = comparison is not None and comparison.root == comparison.their_root
        return is_equal and comparison.mine == self.replica.vector(self.kind)  # type: ignore[union-attr]

    @property
    def is_idle(self) -> bool:
        """Whether the round has been completed and everything that was sent is acknowledged."""
        return self.sending is not None and self.sending.sent == self.sending.received

    def has_what_was_offered(self) -> bool:
        """Whether everything is held that the peer's vector named."""
        offered = self.comparison.peer.values() if self.comparison and self.sending else ()
        return all(self.replica.holds(ref, self.kind) for ref in offered)

    # Streams

    def _on_pack(self, pack: Pack, now: float) -> None:
        if pack.offset == self.receiving.received:
            # S15: only packs that are taken change the context.
            self._on_runs(pack.offset, tuple(map(self.receiving.context.unpack, pack.runs)), now)
        else:
            self._on_runs(pack.offset, (), now)

    def _on_runs(self, offset: int, runs: tuple[Run, ...], now: float) -> None:
        if offset > self.receiving.received:
            # S4: a batch was lost.
            return self.open(now)
        if offset < self.receiving.received:
            return self.send(self.receiving.ack(self.replica))
        size = sum(run.size for run in runs)
        for run in runs:
            genesis = self.replica.logs.get(run.replica)
            need(genesis is None or genesis.kind == self.kind, "a run of the other kind")
        outcomes = self.replica.receive(*runs)
        for run, outcome in zip(runs, outcomes):
            if outcome == Outcome.LEFT_OUT:
                self.left_out.add(run.replica)
                self.roster_when_left_out = self._roster_size()
            elif outcome != Outcome.FORKED:
                self.left_out.discard(run.replica)
                self._knows(self.replica.logs[run.replica].ref(run.replica, run.last))
        if Outcome.APPLIED in outcomes:
            self.quiet = QUIET
        self.receiving.accept(size, [run.replica for run in runs])
        self.send(self.receiving.ack(self.replica))

    def _knows(self, ref: Ref) -> None:
        self.learned[ref.replica] = ref
        if self.sending:
            self.sending.knows(ref)

    def pump(self, shows: Clock | None, now: float) -> None:
        """Sends what the peer lacks and credit allows."""
        while self.sending and (batch := self.sending.next(shows)):
            if self.sending.received == batch.offset:
                self.acked_at = now
            self.send(batch)

    @property
    def position(self) -> tuple[int, int]:
        """Round and offset for a pulse (N14)."""
        return self.round, self.sending.sent if self.sending else 0

    def on_pulse(self, position: tuple[int, int], now: float) -> None:
        number, sent = position
        if self.comparison is None or number != self.round:
            return
        if sent > self.receiving.received and self.receiving.received == self.receiving.at_last_pulse:
            return self.open(now)
        self.receiving.at_last_pulse = self.receiving.received
        if sent and sent == self.receiving.received:
            self.send(self.receiving.ack(self.replica))

    def tick(self, now: float) -> None:
        """Repeats what was not answered, and opens a round when that is due (V5, §5)."""
        if self.comparison is None:
            return
        if self.sending is None:
            if now - self.began_at > self.patience:
                self.patience *= 2
                self.open(now)
            elif now - self.asked_at > REPEAT:
                self.asked_at = now
                if self.comparison.their_root is None:
                    self._send_root()
                elif self.comparison.open:
                    self._ask(list(self.comparison.open.items()), now)
        elif self.sending.sent > self.sending.received and now - self.acked_at > ACK_PATIENCE:
            self.open(now)
        elif self.left_out:
            self._tick_left_out(now)

    def _tick_left_out(self, now: float) -> None:
        """S9: a later round brings again what could not be applied."""
        has_grown = self._roster_size() > self.roster_when_left_out
        if (self.kind == DATA and has_grown) or now - self.active_at > self.quiet:
            self.quiet = min(2 * self.quiet, LONGEST_QUIET)
            self.open(now)

    def _roster_size(self) -> tuple[int, int]:
        """What may explain an author or open a seal: members and keys of epochs."""
        return len(self.replica.roster().members), len(self.replica.epoch_keys)
