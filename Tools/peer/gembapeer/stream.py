"""The two streams of a round, with their credit (07-sync §3 and §4)."""

from .fields import Ref
from .fields import Replica as Name
from .log import DATA, ROSTER, Run
from .merge import Clock
from .messages import Ack, Batch, Pack
from .packs import Context
from .replica import Replica

BATCH_BYTES = 256 * 1024
WINDOW = {DATA: 2 * 1024 * 1024, ROSTER: 64 * 1024}
MOST_WINDOW = {DATA: 10 * 1024 * 1024, ROSTER: 64 * 1024}
RECENT = 64


class Sending:
    """What goes to the peer: everything that it lacks, in the order in which it was applied here (S1)."""

    def __init__(self, replica: Replica, kind: int, round_number: int, peer: dict[Name, Ref], packs: bool):
        self.replica, self.kind, self.round, self.peer = replica, kind, round_number, peer
        self.context = Context() if packs and kind == DATA else None
        self.cursor = 0
        self.sent = self.received = 0
        self.limit = WINDOW[kind]

    def next(self, shows: Clock | None) -> Batch | Pack | None:
        """The next batch that credit allows, or None; `shows` is how far logs may be sent, if not all may."""
        allowed = min(self.limit, self.received + MOST_WINDOW[self.kind]) - self.sent
        runs: list[Run] = []
        size = 0
        while self.cursor < len(self.replica.stretches):
            run = self._lacking(shows)
            if run:
                is_first_of_all = not runs and self.sent == self.received
                if size + run.size > min(allowed, BATCH_BYTES) and not is_first_of_all:
                    if runs or run.size > allowed:
                        break
                size += run.size
                append(run, runs)
                self.peer[run.replica] = self.replica.logs[run.replica].ref(run.replica, run.last)
            self.cursor += 1
        if not runs:
            return None
        offset, self.sent = self.sent, self.sent + size
        if self.context:
            return Pack(self.round, offset, tuple(self.context.pack(run) for run in runs))
        return Batch(self.kind, self.round, offset, tuple(runs))

    def _lacking(self, shows: Clock | None) -> Run | None:
        """What the peer lacks of the stretch at the cursor."""
        stretch = self.replica.stretches[self.cursor]
        log = self.replica.logs[stretch.replica]
        if log.kind != self.kind or (shows is not None and stretch.last > shows.get(stretch.replica, -1)):
            return None
        known = self.peer.get(stretch.replica)
        first = stretch.first
        if known:
            # S2: nothing beyond the place where the histories differ.
            if known.seq < len(log.hashes) and log.hashes[known.seq][:16] != known.prefix:
                return None
            first = max(first, known.seq + 1)
        return self.replica.run(stretch.replica, first, stretch.last) if first <= stretch.last else None

    def acknowledge(self, ack: Ack) -> None:
        self.received = max(self.received, min(ack.received, self.sent))
        self.limit = max(self.limit, ack.limit)
        for ref in ack.have:
            self.knows(ref)

    def knows(self, ref: Ref) -> None:
        """The peer holds this (S6)."""
        known = self.peer.get(ref.replica)
        if known is None or known.seq < ref.seq:
            self.peer[ref.replica] = ref


def append(run: Run, runs: list[Run]) -> None:
    """Adds a run, as a part of the last one where it goes on with that (R3)."""
    if runs and runs[-1].replica == run.replica and runs[-1].last + 1 == run.first:
        runs[-1] = runs[-1]._replace(entries=runs[-1].entries + run.entries, signature=run.signature)
    else:
        runs.append(run)


class Receiving:
    """What comes from the peer."""

    def __init__(self, kind: int, round_number: int):
        self.kind, self.round = kind, round_number
        self.received = 0
        self.context = Context()
        self.recent: list[Name] = []
        self.at_last_pulse = -1

    @property
    def limit(self) -> int:
        return self.received + WINDOW[self.kind]

    def accept(self, size: int, touched: list[Name]) -> None:
        self.received += size
        self.recent = [name for name in self.recent if name not in touched] + touched
        self.recent = self.recent[-RECENT:]

    def ack(self, replica: Replica) -> Ack:
        have = [
            replica.logs[name].ref(name, len(replica.logs[name].hashes) - 1)
            for name in sorted(set(self.recent)) if name in replica.logs
        ]  # fmt: skip
        return Ack(self.kind, self.round, self.received, self.limit, tuple(have))
