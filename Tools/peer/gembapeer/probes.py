"""Asks a running node, rule by rule, what it does with frames that only a broken or hostile peer would send."""

import argparse
import secrets
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Callable, Iterator, TypeVar

import zmq

from . import keys
from . import messages as m
from .encoding import decode, encode
from .fields import Ref
from .log import DATA, NO_HASH, ROSTER, Entry, Genesis, Run, SignedHead, what_a_head_signs
from .node import Dialled, Node, wall_clock
from .station import Station, clock_reading

PATIENCE = 60.0
ATTEMPTS = 16
M = TypeVar("M")


class Unexpected(Exception):
    """The node did something else than the rule says."""


class Silent(Unexpected):
    """Nothing came. On a busy machine a round may have ended before a frame of it was sent."""


class ByeLost(Exception):
    """The node ended the link, and its bye was lost, as any frame may be."""


@dataclass
class Wire:
    """A bare link: frames as they are, without a session that would be polite."""

    endpoint: str
    server_key: bytes
    transport_secret: bytes
    context: zmq.Context
    id: bytes = field(default_factory=lambda: secrets.token_bytes(8))
    seen: list[m.Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.curve_secretkey = self.transport_secret
        self.socket.curve_publickey = keys.agreement_public(self.transport_secret)
        self.socket.curve_serverkey = self.server_key
        self.socket.linger = 0
        self.monitor = self.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self.socket.connect(self.endpoint)

    def send(self, message: m.Message) -> None:
        self.socket.send(m.write_frame(self.id, message))

    def messages(self, seconds: float) -> Iterator[m.Message]:
        """What comes within so many seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.socket.poll(int(left * 1000)):
                _, message = m.read_frame(self.socket.recv())
                self.seen.append(message)
                yield message

    def expect(self, kind: type[M], accepts: Callable[[M], bool] = lambda _: True, repeat: Any = None) -> M:
        """The next message of a kind that is acceptable; `repeat` is sent again and again until then."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if kind is m.Bye and self.monitor.poll(0) and not self.socket.poll(500):
                raise ByeLost
            if repeat:
                repeat()
            for message in self.messages(1.0):
                if isinstance(message, kind) and accepts(message):
                    return message
        raise Silent(f"no {kind.__name__} came; the last were {self.seen[-4:]}")

    def expect_bye(self, code: int, repeat: Any = None) -> None:
        bye = self.expect(m.Bye, repeat=repeat)
        if bye.code != code:
            raise Unexpected(f"bye {bye.code} ({bye.text}) instead of {code}")

    def latest_root(self, kind: int) -> m.Root:
        """The root of the node's latest round."""
        return next(r for r in reversed(self.seen) if isinstance(r, m.Root) and r.kind == kind)

    def ask(self, digits: bytes, part: m.Part) -> None:
        """Says something in the latest round of the roster, as somebody who holds nothing."""
        number = self.latest_root(ROSTER).round
        self.send(m.Root(ROSTER, number, m.digest([])[:16], 0))
        self.send(m.Vector(ROSTER, number, ((digits, part),)))

    def hold_nothing(self) -> None:
        """Completes the latest comparison of the roster, whichever side begins it (V2, V3)."""
        number = self.latest_root(ROSTER).round
        stated = [v.parts[0][1] for v in self.seen if isinstance(v, m.Vector) and v.round == number]
        entries = next((part for part in stated if isinstance(part, m.Entries)), None)
        if entries:
            self.ask(b"", m.Difference(tuple((ref.replica, None) for ref in entries.refs)))
        else:
            self.ask(b"", m.Entries(()))

    def close(self) -> None:
        self.socket.disable_monitor()
        self.socket.close()


@dataclass
class Probe:
    """A member of the plant, whose keys the wires use, and the node that is asked."""

    station: Station
    endpoint: str
    server_key: bytes
    context: zmq.Context = field(default_factory=zmq.Context)
    wires: list[Wire] = field(default_factory=list)

    def wire(self, secret: bytes | None = None) -> Wire:
        secret = secret or self.station.transport_secret
        self.wires.append(Wire(self.endpoint, self.server_key, secret, self.context))
        return self.wires[-1]

    def close_wires(self) -> None:
        for wire in self.wires:
            wire.close()
        self.wires = []

    def hello(self, **changes: Any) -> m.Hello:
        hello = m.Hello(
            1, 1, self.station.replica.plant, self.station.key, secrets.token_bytes(8), 0, wall_clock(), None, ()
        )
        return hello._replace(**changes)

    def greeted(self, secret: bytes | None = None, **changes: Any) -> Wire:
        """A wire on which hellos were exchanged."""
        wire, hello = self.wire(secret), self.hello(**changes)
        wire.expect(m.Hello, repeat=lambda: wire.send(hello))
        return wire

    def in_round(self, kind: int) -> tuple[Wire, int]:
        """A wire with a round of a kind in which both hold the same, and its number."""
        wire = self.greeted()
        found = self.equal_round(wire, ROSTER)
        return wire, self.equal_round(wire, DATA) if kind == DATA else found

    def equal_round(self, wire: Wire, kind: int) -> int:
        theirs = wire.expect(m.Root, lambda root: root.kind == kind)
        while True:
            wire.send(theirs)
            # The node may have opened another one meanwhile.
            later = [r for r in wire.messages(0.7) if isinstance(r, m.Root) and r.kind == kind and r.round > theirs.round]
            if not later:
                return theirs.round
            theirs = later[-1]

    def data_log(self, incarnation: int = 1, plant: bytes | None = None) -> tuple[bytes, bytes, Entry]:
        """A fresh data log of this station: name, hash and entry of its genesis."""
        own = self.station.replica.logs[self.station.roster_log]
        frontier = (own.ref(self.station.roster_log, 1),)
        plant = plant or self.station.replica.plant
        genesis = Genesis(DATA, plant, self.station.key, secrets.token_bytes(16), incarnation, (), frontier, None)
        entry = Entry((), None, 0, genesis.encoded())
        entry_hash = entry.hash(None, 0, NO_HASH)
        return entry_hash[:16], entry_hash, entry

    def run(self, name: bytes, first: int, before: bytes, *entries: Entry) -> tuple[Run, bytes]:
        """A signed run, and the hash of its last entry."""
        previous = before
        for seq, entry in enumerate(entries, first):
            before = entry.hash(name if seq else None, seq, before)
        last = first + len(entries) - 1
        signed = what_a_head_signs(self.station.replica.plant, name, last, before)
        signature = keys.sign(self.station.seed, signed)
        data = tuple(entry.encoded() for entry in entries)
        return Run(name, first, previous[:16] if first else b"", data, signature), before


def note(lamport: int, reason: str = "", deps: tuple[Ref, ...] = ()) -> Entry:
    """An entry with a change that does nothing."""
    return Entry(deps, None, 0, encode([clock_reading(0), lamport, 0, "py", reason, [], []]))


# Hellos


def n2_frames_before_a_hello_are_dropped(probe: Probe) -> None:
    wire = probe.wire()
    wire.send(m.Root(ROSTER, 7, bytes(16), 0))
    wire.expect(m.Hello)
    wire.send(m.Root(ROSTER, 7, bytes(16), 0))
    answers = [message for message in wire.messages(2.5) if not isinstance(message, m.Hello)]
    if answers:
        raise Unexpected(f"answered with {answers[0]}")


def n3_no_common_version(probe: Probe) -> None:
    wire, hello = probe.wire(), probe.hello(lowest=2, highest=9)
    wire.expect_bye(m.NO_VERSION, repeat=lambda: wire.send(hello))


def hello_with_another_plant(probe: Probe) -> None:
    wire, hello = probe.wire(), probe.hello(plant=secrets.token_bytes(32))
    wire.expect_bye(m.OTHER_PLANT, repeat=lambda: wire.send(hello))


def hello_with_another_station(probe: Probe) -> None:
    other = keys.signing_public(secrets.token_bytes(32))
    wire, hello = probe.wire(), probe.hello(station=other)
    wire.expect_bye(m.IDENTITY, repeat=lambda: wire.send(hello))


def hello_of_tomorrow(probe: Probe) -> None:
    """Capabilities that nobody knows, later versions and elements at the end are no reason to refuse."""
    wire, hello = probe.wire(), probe.hello(highest=77, capabilities=2**62)
    frame = encode([*decode(m.write_frame(wire.id, hello)), "more", [1, 2]])
    wire.expect(m.Root, repeat=lambda: wire.socket.send(frame))


def n18_nothing_but_hellos_before_ones_own(probe: Probe) -> None:
    wire = probe.wire()
    wire.socket.send(b"")
    said = list(wire.messages(3.0))
    if not said:
        raise Silent("no hello came")
    if any(not isinstance(message, m.Hello) for message in said):
        raise Unexpected(f"{said} before a hello")


def n5_a_head_that_another_key_signed_is_ignored(probe: Probe) -> None:
    wire = probe.greeted()
    station = next(message.station for message in wire.seen if isinstance(message, m.Hello))
    forged = []
    for name, log in probe.station.replica.of_kind(DATA).items():
        if log.genesis.station == station:
            forged.append(SignedHead(name, len(log.hashes) + 5, secrets.token_bytes(32), secrets.token_bytes(64)))
    again, hello = probe.wire(), probe.hello(held=tuple(forged[:8]))
    again.expect(m.Root, repeat=lambda: again.send(hello))


# Frames


def n3_an_unknown_type(probe: Probe) -> None:
    wire = probe.greeted()
    wire.socket.send(encode([99, wire.id, 1]))
    wire.expect_bye(m.MALFORMED)


def n3_bytes_that_are_no_frame(probe: Probe) -> None:
    wire = probe.greeted()
    wire.socket.send(b"\xff\x00 not CBOR")
    wire.expect_bye(m.MALFORMED)


def n1_a_frame_of_another_session_is_dropped(probe: Probe) -> None:
    wire = probe.greeted()
    wire.socket.send(m.write_frame(bytes(8), m.Bye(m.SHUTDOWN, "")))
    wire.socket.send(m.write_frame(bytes(8), m.Root(ROSTER, 50, bytes(16), 3)))
    wire.expect(m.Root, lambda root: root.round < 50)
    wire.expect(m.Pulse)


def n3_malformed_is_malformed_under_any_session(probe: Probe) -> None:
    wire = probe.greeted()
    wire.socket.send(encode([m.ROOT, bytes(8), "nonsense"]))
    wire.expect_bye(m.MALFORMED)


def n2_a_new_session_replaces_the_old_one(probe: Probe) -> None:
    wire, number = probe.in_round(ROSTER)
    wire.id = secrets.token_bytes(8)
    hello = probe.hello()
    wire.send(hello)
    # Rounds go on counting for as long as the link lives.
    wire.expect(m.Root, lambda root: root.kind == ROSTER and root.round > number)


def l1_a_frame_beyond_the_limit_closes_the_link_alone(probe: Probe) -> None:
    wire, other = probe.greeted(), probe.greeted()
    wire.socket.send(bytes(m.MAXIMUM_FRAME + 1))
    other.expect(m.Pulse)
    probe.greeted().expect(m.Root)


# Comparison


def v5_a_repeated_root_is_answered(probe: Probe) -> None:
    wire = probe.greeted()
    theirs = wire.expect(m.Root, lambda root: root.kind == ROSTER)
    later = m.Root(ROSTER, theirs.round + 5, bytes(16), 3)
    for _ in range(2):
        wire.expect(m.Root, lambda root: root.round == later.round, repeat=lambda: wire.send(later))


def v5_a_repeated_question_has_the_same_answer(probe: Probe) -> None:
    wire = probe.greeted()
    wire.expect(m.Root, lambda root: root.kind == ROSTER)
    answers = [wire.expect(m.Vector, _is_difference, lambda: wire.ask(b"", m.Entries(()))).parts for _ in range(2)]
    if answers[0] != answers[1]:
        raise Unexpected(f"first {answers[0]}, then {answers[1]}")
    count = wire.latest_root(ROSTER).count
    if len(answers[0][0][1].refs) != count:  # type: ignore[union-attr]
        raise Unexpected(f"{count} logs, but {answers[0]}")


def _is_difference(vector: m.Vector) -> bool:
    return isinstance(vector.parts[0][1], m.Difference)


def v6_references_outside_the_prefix_are_malformed(probe: Probe) -> None:
    wire = probe.greeted()
    wire.expect(m.Root, lambda root: root.kind == ROSTER)
    stray = m.Entries((Ref(bytes(16), 3, bytes(16)),))
    wire.expect_bye(m.MALFORMED, repeat=lambda: wire.ask(b"\x0f", stray))


# Streams


def s4_a_gap_opens_a_new_round(probe: Probe) -> None:
    wire, number = probe.in_round(DATA)
    run, _ = probe.run(*_first(probe))
    wire.send(m.Batch(DATA, number, 4096, (run,)))
    wire.expect(m.Root, lambda root: root.kind == DATA and root.round > number)


def s4_a_repetition_is_acknowledged_again(probe: Probe) -> None:
    wire, number = probe.in_round(DATA)
    batch = m.Batch(DATA, number, 0, (probe.run(*_first(probe))[0],))
    for _ in range(2):
        wire.send(batch)
        ack = wire.expect(m.Ack, lambda ack: ack.kind == DATA)
        if ack.received != batch.runs[0].size:
            raise Unexpected(f"received {ack.received} of {batch.runs[0].size}")


def _first(probe: Probe) -> tuple[bytes, int, bytes, Entry]:
    name, _, genesis = probe.data_log()
    return name, 0, NO_HASH, genesis


def s12_a_signature_that_does_not_verify(probe: Probe) -> None:
    wire, number = probe.in_round(DATA)
    run, _ = probe.run(*_first(probe))
    wire.send(m.Batch(DATA, number, 0, (run._replace(signature=run.signature[::-1]),)))
    wire.expect_bye(m.INVALID)


def w3_a_log_of_another_plant(probe: Probe) -> None:
    wire, number = probe.in_round(DATA)
    name, _, genesis = probe.data_log(plant=secrets.token_bytes(32))
    wire.send(m.Batch(DATA, number, 0, (probe.run(name, 0, NO_HASH, genesis)[0],)))
    wire.expect_bye(m.INVALID)


def h3_a_genesis_with_a_key_of_small_order(probe: Probe) -> None:
    wire, number = probe.in_round(DATA)
    _, _, genesis = probe.data_log()
    spoilt = decode(genesis.body)
    spoilt[3] = bytes([1]) + bytes(31)
    entry = Entry((), None, 0, encode(spoilt))
    name = entry.hash(None, 0, NO_HASH)[:16]
    wire.send(m.Batch(DATA, number, 0, (probe.run(name, 0, NO_HASH, entry)[0],)))
    bye = wire.expect(m.Bye)
    if bye.code not in (m.MALFORMED, m.INVALID):
        raise Unexpected(f"bye {bye.code}")


def s9_what_depends_on_the_unknown_is_left_out(probe: Probe) -> None:
    wire, number = probe.in_round(DATA)
    name, before, genesis = probe.data_log()
    missing = Ref(secrets.token_bytes(16), 3, secrets.token_bytes(16))
    lacking, _ = probe.run(name, 0, NO_HASH, genesis, note(5, deps=(missing,)))
    fine = probe.run(*_first(probe))[0]
    wire.send(m.Batch(DATA, number, 0, (lacking, fine)))
    ack = wire.expect(m.Ack, lambda ack: ack.kind == DATA)
    if ack.received != lacking.size + fine.size:
        raise Unexpected(f"received {ack.received}")
    held = {ref.replica for ref in ack.have}
    if fine.replica not in held or name in held:
        raise Unexpected("the run that could be applied was not, or the other was")
    wire.expect(m.Root, lambda root: root.kind == DATA and root.round > number)


def fork_of_one_log_ends_nothing(probe: Probe) -> None:
    wire, number = probe.in_round(DATA)
    name, start, genesis = probe.data_log()
    one, _ = probe.run(name, 0, NO_HASH, genesis, note(1, "one"))
    other, _ = probe.run(name, 1, start, note(1, "other"))
    wire.send(m.Batch(DATA, number, 0, (one,)))
    wire.send(m.Batch(DATA, number, one.size, (other,)))
    ack = wire.expect(m.Ack, lambda ack: ack.kind == DATA and ack.received == one.size + other.size)
    kept = {ref.replica: ref for ref in ack.have}[name]
    if kept.seq != 1 or kept.prefix != note_hash(name, start, one):
        raise Unexpected(f"the other branch was taken: {kept}")


def note_hash(name: bytes, start: bytes, run: Run) -> bytes:
    return Entry.decode(run.entries[1], False, False, name).hash(name, 1, start)[:16]


def n14_a_lost_tail_opens_a_new_round(probe: Probe) -> None:
    wire, number = probe.in_round(DATA)
    pulse = m.Pulse(wall_clock(), None, (0, 0), (number, 5000))
    wire.expect(m.Root, lambda root: root.kind == DATA and root.round > number, repeat=lambda: wire.send(pulse))


# Agreement, announcements


def _question(probe: Probe) -> tuple[Wire, m.Compare]:
    """A wire of one that compares rows, and a question about all rows whose fingerprint is wrong."""
    wire = probe.greeted(capabilities=m.AGREEMENT)
    for kind in (ROSTER, DATA):
        probe.equal_round(wire, kind)
    key = probe.station.replica.newest_epoch(is_usable=False)
    epoch = sha256(key).digest()[:16] if key else None
    basis = (wire.latest_root(DATA).digest, wire.latest_root(ROSTER).digest, epoch)
    return wire, m.Compare(1, *basis, ((b"", secrets.token_bytes(16)),), ())


def a5_no_answer_about_another_basis(probe: Probe) -> None:
    wire, question = _question(probe)
    for part in ("data", "roster", "epoch"):
        asked = question._replace(number=secrets.randbelow(2**40), **{part: secrets.token_bytes(16)})
        answer = wire.expect(m.Statement, lambda s, n=asked.number: s.number == n, lambda a=asked: wire.send(a))
        if answer.ranges is not None or answer.states is not None:
            raise Unexpected(f"another {part} was answered with {answer}")


def a3_no_answer_without_an_epoch(probe: Probe) -> None:
    wire, question = _question(probe)
    asked = question._replace(epoch=None)
    answer = wire.expect(m.Statement, repeat=lambda: wire.send(asked))
    if question.epoch and answer.ranges is not None:
        raise Unexpected(f"answered with {answer}")


def a7_what_differs_is_stated(probe: Probe) -> None:
    wire, question = _question(probe)
    answer = wire.expect(m.Statement, repeat=lambda: wire.send(question))
    if answer.ranges is None or [stated.digits for stated in answer.ranges] != [b""]:
        raise Unexpected(f"answered with {answer}")


def a9_no_bytes_where_there_is_no_row(probe: Probe) -> None:
    wire, question = _question(probe)
    row = secrets.token_bytes(16)
    asked = question._replace(number=2, ranges=(), rows=((7, row),))
    answer = wire.expect(m.Statement, repeat=lambda: wire.send(asked))
    if [tuple(state) for state in answer.states or ()] != [(7, row, b"")]:
        raise Unexpected(f"answered with {answer}")


def a6_ranges_out_of_order_are_malformed(probe: Probe) -> None:
    wire, question = _question(probe)
    wire.send(question._replace(ranges=((b"\x02", bytes(16)), (b"\x01", bytes(16)))))
    wire.expect_bye(m.MALFORMED)


def t3_an_announcement_of_nothing_is_malformed(probe: Probe) -> None:
    wire = probe.greeted()
    wire.socket.send(encode([19, wire.id, [], []]))
    wire.expect_bye(m.MALFORMED)


# Lobby


def n7_a_stranger_is_sent_away(probe: Probe) -> None:
    secret, key = secrets.token_bytes(32), keys.signing_public(secrets.token_bytes(32))
    probe.greeted(secret, station=key).expect_bye(m.LOBBY_TIMEOUT)


def n7_a_stranger_has_64_kib(probe: Probe) -> None:
    secret, key = secrets.token_bytes(32), keys.signing_public(secrets.token_bytes(32))
    wire = probe.greeted(secret, station=key)
    for _ in range(70):
        wire.send(m.Ack(ROSTER, 99, 0, 0, tuple(_refs(20))))
    wire.expect_bye(m.LOBBY_TIMEOUT)


def _refs(count: int) -> list[Ref]:
    return [Ref(name, 1, bytes(16)) for name in sorted(secrets.token_bytes(16) for _ in range(count))]


def n8_a_stranger_gets_no_data(probe: Probe) -> None:
    secret, key = secrets.token_bytes(32), keys.signing_public(secrets.token_bytes(32))
    wire = probe.greeted(secret, station=key)
    wire.send(m.Root(DATA, 1, bytes(16), 0))
    for message in wire.messages(4):
        if getattr(message, "kind", ROSTER) == DATA or isinstance(message, m.Pack):
            raise Unexpected(f"data in the lobby: {message}")


def n17_a_stranger_sees_what_proves_inviters_only(probe: Probe) -> None:
    _make_an_act_that_proves_nothing(probe)
    secret, key = secrets.token_bytes(32), keys.signing_public(secrets.token_bytes(32))
    wire = probe.greeted(secret, station=key)
    wire.expect(m.Root, lambda root: root.kind == ROSTER)
    batch = wire.expect(m.Batch, repeat=wire.hold_nothing)
    members = probe.station.replica.roster().members.values()
    shown = {member.log for member in members if member.is_admin or member.member.transport == probe.server_key}
    reached = probe.station.replica.reach(shown)
    stray = {run.replica for run in batch.runs if run.last > reached.get(run.replica, -1)}
    if stray:
        raise Unexpected(f"shown without need: {[m.member.name for m in members if m.log in stray]}")


def _make_an_act_that_proves_nothing(probe: Probe) -> None:
    """The station states an endpoint, and the node hears of it."""
    probe.station.state_endpoints([f"tcp://192.0.2.1:{secrets.randbelow(60000) + 1}"])
    node = Node(probe.station, [], [Dialled(probe.endpoint, probe.server_key)])
    node.agree(time.monotonic() + PATIENCE)
    node.close()


def l3_a_full_lobby_lets_in_nobody_else(probe: Probe) -> None:
    """And a member still gets in."""
    strangers = [probe.wire(secrets.token_bytes(32)) for _ in range(24)]
    key = keys.signing_public(secrets.token_bytes(32))
    for wire in strangers:
        wire.send(probe.hello(station=key))
    probe.greeted().expect(m.Root)
    answered = sum(bool(wire.socket.poll(10)) for wire in strangers)
    if not 1 <= answered <= 16:
        raise Unexpected(f"{answered} strangers were let in at once")


PROBES: list[Callable[[Probe], None]] = [
    n2_frames_before_a_hello_are_dropped, n3_no_common_version, hello_with_another_plant, hello_with_another_station,
    hello_of_tomorrow, n18_nothing_but_hellos_before_ones_own, n5_a_head_that_another_key_signed_is_ignored,
    n3_an_unknown_type, n3_bytes_that_are_no_frame,
    n1_a_frame_of_another_session_is_dropped, n3_malformed_is_malformed_under_any_session, n2_a_new_session_replaces_the_old_one,
    l1_a_frame_beyond_the_limit_closes_the_link_alone, v5_a_repeated_root_is_answered,
    v5_a_repeated_question_has_the_same_answer, v6_references_outside_the_prefix_are_malformed,
    s4_a_gap_opens_a_new_round, s4_a_repetition_is_acknowledged_again,
    s12_a_signature_that_does_not_verify, w3_a_log_of_another_plant, h3_a_genesis_with_a_key_of_small_order,
    s9_what_depends_on_the_unknown_is_left_out, n14_a_lost_tail_opens_a_new_round,
    a5_no_answer_about_another_basis, a3_no_answer_without_an_epoch, a7_what_differs_is_stated,
    a9_no_bytes_where_there_is_no_row, a6_ranges_out_of_order_are_malformed,
    t3_an_announcement_of_nothing_is_malformed,
    n7_a_stranger_is_sent_away, n7_a_stranger_has_64_kib, n8_a_stranger_gets_no_data,
    n17_a_stranger_sees_what_proves_inviters_only, l3_a_full_lobby_lets_in_nobody_else,
    # Last: a node that holds a fork has no common basis any more with a peer that knows none.
    fork_of_one_log_ends_nothing,
]  # fmt: skip


OPEN: list[Callable[[Probe], None]] = []
"""Where the programs are known to differ from the specification: what is no longer so is to be taken off this list."""


def answered(ask: Callable[[Probe], None], probe: Probe) -> str | None:
    """What is wrong, or None. Where a bye is lost the probe is repeated, until it says why at least once."""
    silences = 0
    for _ in range(ATTEMPTS):
        try:
            ask(probe)
            return None
        except Silent as silence:
            silences += 1
            if silences == 3:
                return str(silence)
        except Unexpected as unexpected:
            return str(unexpected)
        except ByeLost:
            continue
        finally:
            probe.close_wires()
    return f"{ATTEMPTS} times the link ended without a bye"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder of a member that nobody runs")
    parser.add_argument("--peer", required=True, metavar="ENDPOINT#KEY", help="the node that is asked")
    parser.add_argument("--only", default="", help="probes whose name contains this")
    parser.add_argument("--strict", action="store_true", help="no difference is known: every probe must succeed")
    arguments = parser.parse_args()
    endpoint, _, key = arguments.peer.partition("#")
    probe = Probe(Station.open(arguments.data), endpoint, bytes.fromhex(key))
    faults = 0
    for ask in PROBES:
        if arguments.only in ask.__name__:
            fault = answered(ask, probe)
            is_open = ask in OPEN and not arguments.strict
            faults += (fault is not None) != is_open
            verdict = ("open" if is_open else "FAILED") if fault else ("CLOSED" if is_open else "ok")
            print(f"{verdict:<7} {ask.__name__}{': ' + fault if fault else ''}", flush=True)
    probe.context.destroy(linger=0)
    print(f"{faults} probes failed")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
