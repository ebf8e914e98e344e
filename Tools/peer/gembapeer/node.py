"""Links over ZeroMQ with CURVE (06-session §1, §4, §5, §8)."""

import random
import secrets
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import zmq

from . import messages as m
from .encoding import Malformed
from .session import LOBBY_SECONDS, Phase, Session
from .station import Station

LOBBY_LINKS = 16
INQUIRY, ANSWER = b"gemba/who/1", b"gemba/key/1"
INQUIRIES_A_SECOND = 64
DATA_CHECK = 0.2


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Dialled:
    """A peer that is dialled, with the key that is expected there, if anybody said so."""

    endpoint: str
    key: bytes | None
    socket: zmq.Socket | None = None
    session: Session | None = None
    due_at: float = 0.0
    pause: float = 0.1
    waits_for: bytes | None = None


@dataclass
class Node:
    """A running peer; one loop owns all sockets."""

    station: Station
    listen: list[str]
    dialled: list[Dialled]
    context: zmq.Context = field(default_factory=zmq.Context)
    nonce: bytes = field(default_factory=lambda: secrets.token_bytes(8))
    accepted: dict[tuple[zmq.Socket, bytes], Session] = field(default_factory=dict)
    lobby: dict[bytes, float] = field(default_factory=dict)
    is_cut: bool = False

    def __post_init__(self) -> None:
        self.poller = zmq.Poller()
        self.zap = self.context.socket(zmq.REP)
        self.zap.bind("inproc://zeromq.zap.01")
        self.poller.register(self.zap, zmq.POLLIN)
        self.routers: list[zmq.Socket] = []
        self.inquiries: list[socket.socket] = []
        self.checked_at = 0.0
        self.answered: list[float] = []
        for endpoint in self.listen:
            self._listen(endpoint)

    @property
    def sessions(self) -> list[Session]:
        return [d.session for d in self.dialled if d.session] + list(self.accepted.values())

    def _curve(self, kind: int) -> zmq.Socket:
        link = self.context.socket(kind)
        link.curve_secretkey = self.station.transport_secret
        link.curve_publickey = self.station.transport
        link.maxmsgsize = m.MAXIMUM_FRAME
        link.linger = 200
        return link

    def _listen(self, endpoint: str) -> None:
        router = self._curve(zmq.ROUTER)
        router.curve_server = True
        router.zap_domain = b"gemba"
        router.router_mandatory = True
        router.bind(endpoint)
        self.routers.append(router)
        self.poller.register(router, zmq.POLLIN)
        address = urlsplit(endpoint)
        if address.scheme == "tcp" and address.port:
            inquiry = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            inquiry.bind(("" if address.hostname in ("*", None) else address.hostname, address.port))
            inquiry.setblocking(False)
            self.inquiries.append(inquiry)
            self.poller.register(inquiry, zmq.POLLIN)

    # Loop

    def step(self, timeout: float = 0.05) -> None:
        """Waits for frames for a moment, acts upon them, and does what time asks for."""
        for link, _ in self.poller.poll(int(timeout * 1000)):
            if link is self.zap:
                self._answer_zap()
            elif link in self.routers:
                self._receive_accepted(link)
            elif isinstance(link, zmq.Socket):
                self._receive_dialled(link)
            else:
                self._answer_inquiry(next(i for i in self.inquiries if i.fileno() == link))
        now, wall = time.monotonic(), wall_clock()
        if now - self.checked_at > DATA_CHECK:
            self.checked_at = now
            self.station.replica.refresh()
        self._settle_duplicates()
        self.station.is_asking = any(s.rows.is_asking for s in self.sessions if s.phase == Phase.OPEN)
        for session in self.sessions:
            session.tick(now, wall)
        self._dial(now, wall)
        self.accepted = {key: s for key, s in self.accepted.items() if s.phase != Phase.CLOSED or s.ended}
        self._forget(now)

    def _forget(self, now: float) -> None:
        """Lets go of links that have been silent for long, and of strangers who left the lobby."""
        self.accepted = {key: s for key, s in self.accepted.items() if now - s.heard_at < 120}
        self.lobby = {key: at for key, at in self.lobby.items() if now - at < LOBBY_SECONDS + 5}

    def _answer_zap(self) -> None:
        """L3: a member, the lobby, or 300 and never anything that ends the dialling for ever."""
        version, request, domain, _, _, mechanism, *credentials = self.zap.recv_multipart()
        status, user = b"300", b""
        if domain == b"gemba" and mechanism == b"CURVE" and credentials and not self.is_cut:
            key = credentials[0]
            is_known = bool(self.station.replica.roster().by_transport(key))
            if is_known or key in self.lobby or len(self.lobby) < LOBBY_LINKS:
                status, user = b"200", key.hex().encode()
                if not is_known:
                    self.lobby[key] = time.monotonic()
        self.zap.send_multipart([version, request, status, b"", user, b""])

    def _receive_accepted(self, router: zmq.Socket) -> None:
        for _ in range(64):
            try:
                parts = router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            if len(parts) != 2 or self.is_cut:
                continue
            route, frame = parts[0].bytes, parts[1]
            now = time.monotonic()
            session = self.accepted.get((router, route))
            if session is None or (session.phase == Phase.CLOSED and not _continues(session, frame.bytes)):
                session = self._accept(router, route, bytes.fromhex(str(frame.get("User-Id"))), session, now)
            # An empty frame says only that the link is up (L1).
            if frame.bytes:
                session.receive(frame.bytes, now, wall_clock())

    def _accept(
        self, router: zmq.Socket, route: bytes, key: bytes, before: Session | None, now: float
    ) -> Session:
        def transmit(frame: bytes) -> None:
            try:
                router.send_multipart([route, frame], zmq.NOBLOCK)
            except (zmq.Again, zmq.ZMQError):
                pass  # A link is a lossy wire: what is lost is noticed and sent again.

        session = Session(self.station, self.nonce, key, False, transmit, now, wall_clock())
        if before:
            session.ended = before.ended
        self.accepted[router, route] = session
        return session

    def _receive_dialled(self, link: zmq.Socket) -> None:
        dialled = next(d for d in self.dialled if d.socket is link)
        for _ in range(64):
            try:
                parts = link.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(parts) == 1 and dialled.session and not self.is_cut:
                dialled.session.receive(parts[0], time.monotonic(), wall_clock())

    # Dialling

    def _dial(self, now: float, wall: int) -> None:
        for dialled in self.dialled:
            session = dialled.session
            if session and session.phase == Phase.CLOSED:
                self._hang_up(dialled, now)
            elif session and session.member:
                dialled.pause = 0.1
            if dialled.session is None and now >= dialled.due_at and not self.is_cut:
                kept = {s.peer.station for s in self.accepted.values() if s.phase == Phase.OPEN and s.peer}
                if dialled.waits_for not in kept:
                    self._connect(dialled, now, wall)

    def _connect(self, dialled: Dialled, now: float, wall: int) -> None:
        key = dialled.key or self._key_of(dialled.endpoint)
        if key is None:
            dialled.due_at = now + 1
            return
        link = self._curve(zmq.DEALER)
        link.curve_serverkey = key
        link.immediate = True
        link.connect(dialled.endpoint)
        dialled.socket, dialled.waits_for = link, None
        self.poller.register(link, zmq.POLLIN)

        def transmit(frame: bytes) -> None:
            try:
                link.send(frame, zmq.NOBLOCK)
            except zmq.Again:
                pass  # Not connected yet, or the peer does not take more.

        dialled.session = Session(self.station, self.nonce, key, True, transmit, now, wall)

    def _key_of(self, endpoint: str) -> bytes | None:
        """The key of the token, of a member who states the endpoint, or of whoever answers there (§8)."""
        stated = [
            (e, m.member.transport) for m in self.station.replica.roster().members.values() for e in m.endpoints
        ]
        known = dict([*stated, *self.station.routes()])
        return known.get(endpoint) or ask_for_key(endpoint, self.station.replica.plant)

    def _hang_up(self, dialled: Dialled, now: float) -> None:
        assert dialled.socket and dialled.session
        session = dialled.session
        is_duplicate = session.bye is not None and session.bye.code == m.DUPLICATE
        if is_duplicate and session.peer:
            dialled.waits_for = session.peer.station
        self.poller.unregister(dialled.socket)
        dialled.socket.close()
        dialled.socket = dialled.session = None
        dialled.due_at = now + dialled.pause * (0.5 + random.random())
        dialled.pause = min(2 * dialled.pause, 2.0)

    def _settle_duplicates(self) -> None:
        """N11: of two directions that dialled by the smaller is kept, of one direction the newer."""
        by_process: dict[tuple[bytes, bytes], list[Session]] = {}
        for session in self.sessions:
            if session.phase == Phase.OPEN and session.peer and session.member:
                by_process.setdefault((session.peer.station, session.peer.nonce), []).append(session)
        for process, sessions in by_process.items():
            own_is_smaller = (self.station.key, self.nonce) < process
            ordered = sorted(sessions, key=lambda s: (s.dialled == own_is_smaller, s.started_at))
            for session in ordered[:-1]:
                session.end(m.DUPLICATE, "another session stays")
                if session.dialled:
                    session.bye = m.Bye(m.DUPLICATE, "")

    # Key inquiry

    def _answer_inquiry(self, inquiry: socket.socket) -> None:
        """K1, K2."""
        data, sender = inquiry.recvfrom(256)
        now = time.monotonic()
        self.answered = [at for at in self.answered if now - at < 1]
        wanted = INQUIRY + self.station.replica.plant
        if len(data) == 96 and data.startswith(wanted) and data.endswith(bytes(45)):
            if len(self.answered) < INQUIRIES_A_SECOND and not self.is_cut:
                self.answered.append(now)
                inquiry.sendto(ANSWER + data[len(wanted) : len(wanted) + 8] + self.station.transport, sender)

    def agree(self, deadline: float) -> bool:
        """Runs until some peer has shown vectors equal to those held here, or the deadline."""
        asked_at = time.monotonic()
        while time.monotonic() < deadline:
            self.step()
            if self.station.is_member and any(session.vectors_agree for session in self.sessions):
                return True
            if time.monotonic() - asked_at > 0.5:
                asked_at = time.monotonic()
                for session in self.sessions:
                    session.compare_again(asked_at)
        return False

    def rows_differ(self, deadline: float) -> str | None:
        """Runs until a peer that holds the same has shown the same rows: what is wrong if none has, or None."""
        while time.monotonic() < deadline:
            self.step()
            if any(session.rows.agrees for session in self.sessions):
                return None
            for session in self.sessions:
                for (table, row), (ours, theirs) in session.rows.differing.items():
                    return f"row {row.hex()} of table {table} is {ours.hex()} here, {theirs.hex()} there"
        return "nobody has shown equal rows in time"

    def cut(self, is_cut: bool) -> None:
        """Cuts this node from everybody, as a pulled cable does, or joins it again."""
        self.is_cut = is_cut
        if is_cut:
            for session in self.sessions:
                session.phase = Phase.CLOSED

    def close(self) -> None:
        for session in self.sessions:
            session.end(m.SHUTDOWN, "the peer stops")
        self.context.destroy(linger=500)


def _continues(session: Session, frame: bytes) -> bool:
    """Whether a frame belongs to a session that has ended, and is left over."""
    if not frame:
        return False
    try:
        identity, _ = m.read_frame(frame)
    except Malformed:
        return True
    return identity in session.ended


def ask_for_key(endpoint: str, plant: bytes) -> bytes | None:
    """The transport key that answers at an endpoint, as a hint (K3)."""
    address = urlsplit(endpoint)
    nonce = secrets.token_bytes(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inquiry:
        inquiry.settimeout(0.5)
        try:
            inquiry.sendto((INQUIRY + plant + nonce).ljust(96, b"\0"), (address.hostname, address.port))
            answer, _ = inquiry.recvfrom(256)
        except OSError:
            return None
    return answer[19:] if len(answer) == 51 and answer.startswith(ANSWER + nonce) else None
