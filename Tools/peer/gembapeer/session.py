"""One conversation on one link (06-session); it does no I/O, and is told the time."""

import logging
import secrets
from enum import Enum
from typing import Any, Callable

from . import keys
from . import messages as m
from .channel import Channel, LimitExceeded
from .encoding import Malformed
from .merge import Clock
from .log import DATA, ROSTER, SignedHead, Unverified, what_a_head_signs
from .roster import Standing
from .rows import Rows
from .station import Station

PULSE_IDLE, PULSE_ALWAYS = 2.0, 5.0
SILENCE = 15.0
OFFER_PATIENCE = 10.0
ROWS_CHECK = 0.5
CAPABILITIES = m.PACKS | m.AGREEMENT
LOBBY_SECONDS, LOBBY_BYTES = 5.0, 64 * 1024
logger = logging.getLogger(__name__)


class Phase(Enum):
    GREETING = "no hello yet"
    OPEN = "hellos exchanged"
    CLOSED = "ended"


class Session:
    """What goes out is handed to `transmit`; the node reads `phase`, `peer` and `bye`."""

    versions = (1, 1)
    capabilities = CAPABILITIES
    extensions: tuple[Any, ...] = ()
    """What this program says of itself in a hello; a later one says more (see `later`)."""

    def __init__(
        self, station: Station, nonce: bytes, transport: bytes, dialled: bool, transmit: Callable[[bytes], None],
        now: float, wall: int,
    ):  # fmt: skip
        self.station, self.replica, self.nonce = station, station.replica, nonce
        self.transport, self.dialled, self.transmit = transport, dialled, transmit
        self.id = secrets.token_bytes(8)
        self.phase = Phase.GREETING
        self.version = 0
        self.peer: m.Hello | None = None
        self.peer_id = b""
        self.ended: set[bytes] = set()
        self.has_peer_gone_on = False
        self.was_member = False
        self.bye: m.Bye | None = None
        self.channels: dict[int, Channel] = {}
        self.rows = Rows(self.replica, self._send)
        self.rows_checked_at = now
        self._now = self.started_at = self.heard_at = self.sent_at = self.pulsed_at = self.greeted_at = now
        self.lobby_bytes = 0
        self.echo: int | None = None
        self.wall = wall
        self._greet()

    # Standing

    @property
    def member(self) -> Standing | None:
        """The member that the link has proven the peer to be (05-roster §8)."""
        if self.peer is None:
            return None
        member = self.replica.roster().members.get(self.peer.station)
        return member if member and member.member.transport == self.transport else None

    @property
    def name(self) -> str:
        """Whom the link has proven the peer to be, for people."""
        owners = self.replica.roster().by_transport(self.transport)
        return owners[0].member.name if owners else "a stranger"

    def _shows(self) -> Clock | None:
        """How much of each log may be sent into the lobby, or None where all may (N17)."""
        if self.member:
            return None
        members = self.replica.roster().members
        inviters = {station for station, member in members.items() if member.is_admin} | {self.station.key}
        return self.replica.reach(n for n, log in self.replica.roster_logs().items() if log.genesis.station in inviters)

    # Sending

    def _send(self, message: m.Message) -> None:
        self.sent_at = self._now
        self.transmit(self.write(message))

    def write(self, message: m.Message) -> bytes:
        return m.write_frame(self.id, message)

    def read(self, frame: bytes) -> tuple[bytes, m.Message]:
        return m.read_frame(frame)

    def _greet(self) -> None:
        own = self.station.data_log
        log = self.replica.logs.get(own) if own else None
        tip = log.ref(own, len(log.hashes) - 1) if own and log else None
        station, plant = self.station.key, self.replica.plant
        self._send(m.Hello(
            *self.versions, plant, station, self.nonce, self.capabilities, self.wall, tip, self._held(), self.extensions
        ))  # fmt: skip

    def _held(self) -> tuple[SignedHead, ...]:
        """The newest heads of the data logs of the member whose key the link has proven."""
        owners = {owner.station for owner in self.replica.roster().by_transport(self.transport)}
        found = []
        for name, log in self.replica.of_kind(DATA).items():
            if log.genesis.station in owners:
                last = len(log.hashes) - 1
                found.append(SignedHead(name, last, log.hashes[last], log.signatures[last]))
        return tuple(found[-8:])

    def end(self, code: int, words: str) -> None:
        """Says bye; nothing answers it (N16)."""
        if self.phase != Phase.CLOSED:
            logger.info("bye %d to %s: %s", code, self.name, words)
            self._send(m.Bye(code, words))
            self._close()

    def _close(self) -> None:
        self.phase = Phase.CLOSED
        self.ended.add(self.peer_id)

    # Receiving

    def receive(self, frame: bytes, now: float, wall: int) -> None:
        """Acts upon a frame; whatever is wrong with it ends this session and nothing else (N3)."""
        if self.phase == Phase.CLOSED:
            return
        self._now, self.wall = now, wall
        try:
            if self.member is None and not self.dialled:
                self.lobby_bytes += len(frame)
                if self.lobby_bytes > LOBBY_BYTES:
                    return self.end(m.LOBBY_TIMEOUT, "the lobby is for the roster")
            session, message = self.read(frame)
            if isinstance(message, m.Hello):
                self.heard_at = now
                self._on_hello(session, message)
            elif self.peer is not None and session == self.peer_id:
                self.heard_at = now
                self.has_peer_gone_on = True
                self._on_message(message)
        except Malformed as error:
            self.end(m.MALFORMED, f"malformed: {error}")
        except LimitExceeded as error:
            self.end(m.LIMIT, f"limit exceeded: {error}")
        except Unverified as error:
            self.end(m.INVALID, f"a run does not verify: {error}")

    def _on_hello(self, session: bytes, hello: m.Hello) -> None:
        if session in self.ended:
            return
        if self.peer is not None and session == self.peer_id:
            if not self.has_peer_gone_on:
                self._greet()
            return
        if refusal := self._refusal(hello):
            # What still comes of that session begins no other one.
            self.ended.add(session)
            return self.end(*refusal)
        self.peer, self.peer_id = hello, session
        self.has_peer_gone_on = False
        self.phase = Phase.OPEN
        self.version = min(self.versions[1], hello.highest)
        logger.info("version %d with %s, who adds %s", self.version, self.name, list(hello.extensions))
        self.echo = hello.wall
        self._heed(hello)
        # The first one may have been lost with a link that was not up yet.
        self._greet()
        begins = (self.station.key, self.nonce) < (hello.station, hello.nonce)
        packs = bool(hello.capabilities & m.PACKS)
        # Rounds go on counting for as long as the link lives, whichever session it carries.
        rounds = {kind: channel.round for kind, channel in self.channels.items()}
        self.channels = {
            kind: Channel(self.replica, kind, begins, packs, self._send, rounds.get(kind, 0)) for kind in (ROSTER, DATA)
        }
        self.rows = Rows(self.replica, self._send)
        self.channels[ROSTER].open(self._now)

    def _refusal(self, hello: m.Hello) -> tuple[int, str] | None:
        lowest, highest = self.versions
        if hello.lowest > highest or hello.highest < lowest:
            return m.NO_VERSION, f"versions {lowest} to {highest} are spoken"
        if hello.plant != self.replica.plant:
            return m.OTHER_PLANT, "another plant"
        owners = self.replica.roster().by_transport(self.transport)
        if owners and hello.station not in {owner.station for owner in owners}:
            return m.IDENTITY, "the link proves another station"
        return None

    def _heed(self, hello: m.Hello) -> None:
        """Evidence that the own database was rolled back or copied (N5, N6)."""
        own, log = self.station.data_log, None
        for head in hello.held:
            log = self.replica.logs.get(head.replica)
            signed = what_a_head_signs(self.replica.plant, head.replica, head.seq, head.hash)
            if head.replica != own or log is None or not keys.verifies(self.station.key, head.signature, signed):
                continue
            if head.seq >= len(log.hashes) or log.hashes[head.seq] != head.hash:
                self.replica.store.keep("evidence", b"a head beyond or beside the own log")
        is_clone = hello.station == self.station.key and hello.nonce != self.nonce
        if is_clone and own and hello.tip and hello.tip.replica == own:
            self.replica.store.keep("evidence", b"the own log in another process")

    def _on_message(self, message: m.Message) -> None:
        if isinstance(message, m.Bye):
            self.bye = message
            logger.info("bye %d from %s: %s", message.code, self.name, message.text)
            return self._close()
        if isinstance(message, m.Pulse):
            self.echo = message.wall
            for kind, position in ((ROSTER, message.roster), (DATA, message.data)):
                if kind == ROSTER or self._may_sync_data():
                    self.channels[kind].on_pulse(position, self._now)
            return None
        if isinstance(message, m.Unspoken):
            return None
        if isinstance(message, (m.Compare, m.Statement)):
            return self._on_rows(message)
        kind = DATA if isinstance(message, m.Pack) else message.kind  # type: ignore[union-attr]
        if kind == DATA and not self._may_sync_data():
            return None
        self.channels[kind].receive(message, self._now)
        if kind == ROSTER:
            self.station.enrol()
        return None

    def _on_rows(self, message: m.Compare | m.Statement) -> None:
        if not self._compares_rows():
            return None
        if isinstance(message, m.Compare):
            return self.rows.answer(message)
        return self.rows.receive(message, self._now)

    def _compares_rows(self) -> bool:
        """Whether both ends do, and neither is a relay (10-agreement A4)."""
        own, member = self.replica.roster().members.get(self.station.key), self.member
        has_rows = own is not None and own.writes_data and member is not None and member.writes_data
        return has_rows and self.peer is not None and bool(self.peer.capabilities & m.AGREEMENT)

    def _tick_rows(self, now: float) -> None:
        if now - self.rows_checked_at > ROWS_CHECK and self._compares_rows():
            self.rows_checked_at = now
            # Whether the peer holds the same it says itself, for every question names what it goes by.
            is_idle = all(channel.is_idle and not channel.left_out for channel in self.channels.values())
            self.rows.tick(is_idle and not self.station.is_asking, now)
            self.station.is_asking |= self.rows.is_asking

    def _may_sync_data(self) -> bool:
        """Whether the roster was compared, and what it offered has come, or has not for long (07-sync)."""
        roster = self.channels[ROSTER]
        if self.member is None or not roster.rounds_completed:
            return False
        waited = self._now - roster.completed_at
        return self.channels[DATA].has_begun or roster.has_what_was_offered() or waited > OFFER_PATIENCE

    # Time

    def tick(self, now: float, wall: int) -> None:
        """Greets, pulses, repeats and sends what is new."""
        self._now, self.wall = now, wall
        if self.phase == Phase.CLOSED:
            return
        if now - self.heard_at > SILENCE:
            logger.info("silence from %s", self.name)
            return self._close()
        if not self.has_peer_gone_on and now - self.greeted_at > 1:
            self.greeted_at = now
            self._greet()
        if self.peer is None:
            return None
        if self.member is None:
            if not self.dialled and now - self.started_at > LOBBY_SECONDS:
                return self.end(m.NO_MEMBER if self.was_member else m.LOBBY_TIMEOUT, "no member")
        elif not self.was_member:
            self.was_member = True
            # What was kept back is sent now (N10).
            if self.channels[ROSTER].rounds_completed:
                self.channels[ROSTER].open(now)
        if self._may_sync_data() and not self.channels[DATA].has_begun:
            self.channels[DATA].open(now)
        shows = self._shows()
        for kind, channel in self.channels.items():
            channel.tick(now)
            if kind == ROSTER or self.member:
                if kind == DATA:
                    self.station.record()
                channel.pump(shows, now)
        self._tick_rows(now)
        self._pulse(now, wall)
        return None

    def _pulse(self, now: float, wall: int) -> None:
        if now - self.sent_at > PULSE_IDLE or now - self.pulsed_at > PULSE_ALWAYS:
            self.pulsed_at = now
            self._send(m.Pulse(wall, self.echo, self.channels[ROSTER].position, self.channels[DATA].position))

    @property
    def vectors_agree(self) -> bool:
        """Whether the roots of the last rounds showed that the peer holds, of both kinds, exactly what is held here."""
        return self.phase == Phase.OPEN and len(self.channels) == 2 and all(c.agrees for c in self.channels.values())

    def compare_again(self, now: float) -> None:
        """Opens rounds where nothing is under way."""
        for channel in self.channels.values():
            if channel.is_idle and not channel.agrees:
                channel.open(now)
