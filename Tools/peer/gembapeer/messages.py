"""The frames of a session (06-session §2, 07-sync §2 and §3); `agreement`, `checkpoints`, `dissemination` have others."""

from hashlib import sha256
from typing import Any, NamedTuple

from . import agreement, branches, checkpoints, dissemination
from .encoding import decode, encode
from .fields import Ref, Replica, array, ascending, blob, natural, need, reference, references, text
from .log import Run, SignedHead

HELLO, ROOT, VECTOR, BATCH, ACK, PULSE, BYE, PACK = 0, 1, 2, 3, 4, 5, 6, 11
PACKS, AGREEMENT = 1 << 1, 1 << 3
MAXIMUM_FRAME = 2**20

NO_VERSION, OTHER_PLANT, IDENTITY, MALFORMED, LIMIT, INVALID, DUPLICATE, NO_MEMBER, LOBBY_TIMEOUT = range(1, 10)
SHUTDOWN = 0


class Hello(NamedTuple):
    lowest: int
    highest: int
    plant: bytes
    station: bytes
    nonce: bytes
    capabilities: int
    wall: int
    tip: Ref | None
    held: tuple[SignedHead, ...]
    extensions: tuple[Any, ...] = ()
    """What later versions say beyond this."""


class Root(NamedTuple):
    kind: int
    round: int
    digest: bytes
    count: int


class Vector(NamedTuple):
    kind: int
    round: int
    parts: tuple[tuple[bytes, "Part"], ...]


class Entries(NamedTuple):
    refs: tuple[Ref, ...]


class Digests(NamedTuple):
    children: tuple[bytes, ...]


class Difference(NamedTuple):
    """What the answerer has where the two differ; None where it holds nothing."""

    refs: tuple[tuple[Replica, Ref | None], ...]


class Children(NamedTuple):
    statements: tuple[tuple[int, Entries | Digests], ...]


Part = Entries | Digests | Difference | Children


class Batch(NamedTuple):
    kind: int
    round: int
    offset: int
    runs: tuple[Run, ...]


class Pack(NamedTuple):
    """Packed runs are read in their stream's context: see `packs`."""

    round: int
    offset: int
    runs: tuple[Any, ...]


class Ack(NamedTuple):
    kind: int
    round: int
    received: int
    limit: int
    have: tuple[Ref, ...]


class Pulse(NamedTuple):
    wall: int
    echo: int | None
    roster: tuple[int, int]
    data: tuple[int, int]


class Bye(NamedTuple):
    code: int
    text: str


Unspoken = (
    checkpoints.Offer | checkpoints.Answer | checkpoints.Fetch | checkpoints.Chunk | checkpoints.Backfill
    | checkpoints.Bodies | branches.Trace | dissemination.Announce | dissemination.Tree
)  # fmt: skip
"""What nobody may send to a peer whose hello does not set its capabilities, and this one's does not."""
Compare, Statement = agreement.Compare, agreement.Statement
Other = Unspoken | Compare | Statement
Message = Hello | Root | Vector | Batch | Pack | Ack | Pulse | Bye | Other
OTHERS: dict[int, type[Other]] = {
    7: checkpoints.Offer, 8: checkpoints.Answer, 9: checkpoints.Fetch, 10: checkpoints.Chunk, 12: checkpoints.Backfill,
    13: checkpoints.Bodies, 14: Compare, 15: Statement, 18: branches.Trace, 19: dissemination.Announce,
    20: dissemination.Tree,
}  # fmt: skip
OTHER_TYPES = {message: kind for kind, message in OTHERS.items()}


def read_frame(data: bytes) -> tuple[bytes, Message]:
    """Session id and message, or `Malformed` (N3)."""
    need(len(data) <= MAXIMUM_FRAME, "L1: the frame is too long")
    kind, session, *fields = array(decode(data), 2, 2**20)
    readers = {
        HELLO: _hello, ROOT: _root, VECTOR: _vector, BATCH: _batch, ACK: _ack, PULSE: _pulse, BYE: _bye, PACK: _pack,
    }  # fmt: skip
    blob(session, 8)
    if natural(kind) in OTHERS:
        return session, OTHERS[kind].read(fields)
    need(kind in readers, f"N3: a frame of type {kind}")
    return session, readers[kind](fields)


def _hello(fields: list[Any]) -> Hello:
    lowest, highest, plant, station, nonce, capabilities, wall, tip, held, *extensions = array(fields, 9, 2**20)
    need(natural(lowest) <= natural(highest), "N2: the versions are out of order")
    return Hello(
        lowest, highest, blob(plant, 32), blob(station, 32), blob(nonce, 8), natural(capabilities), natural(wall),
        None if tip is None else reference(tip), tuple(SignedHead.read(head) for head in array(held, 0, 8)),
        tuple(extensions),
    )  # fmt: skip


def _root(fields: list[Any]) -> Root:
    kind, number, digest, count = array(fields, 4)
    return Root(natural(kind, 1), natural(number), blob(digest, 16), natural(count))


def _vector(fields: list[Any]) -> Vector:
    kind, number, parts = array(fields, 3)
    read = []
    for item in array(parts, 1, 2**20):
        digits, part = array(item, 2)
        need(all(digit < 16 for digit in blob(digits, 0, 32)), "V5: a digit")
        read.append((digits, _part(part, digits)))
    return Vector(natural(kind, 1), natural(number), tuple(read))


def _part(item: Any, digits: bytes) -> Part:
    kind, content = array(item, 2)
    if kind == 2:
        refs: list[tuple[Replica, Ref | None]] = []
        for element in array(content, 0, 2**20):
            if len(array(element, 2, 3)) == 2:
                need(element[1] is None, "V3: a log that is not held")
                refs.append((blob(element[0], 16), None))
            else:
                ref = reference(element)
                refs.append((ref.replica, ref))
        need(ascending([replica for replica, _ in refs]), "V6: a difference is not sorted, one each")
        return Difference(tuple(refs))
    if kind == 3:
        need(len(digits) < 32, "V5: children of a whole name")
        pairs = [array(child, 2) for child in array(content, 0, 16)]
        children = [(natural(digit, 15), _statement(part, digits + bytes((digit,)))) for digit, part in pairs]
        need(ascending([digit for digit, _ in children]), "V6: children are not sorted, one each")
        return Children(tuple(children))
    return _statement(item, digits)


def _statement(item: Any, digits: bytes) -> Entries | Digests:
    kind, content = array(item, 2)
    if natural(kind, 1) == 0:
        return Entries(references(content, 2**20))
    need(len(digits) < 32, "V5: digests below a whole name")
    return Digests(tuple(blob(digest, 8) for digest in array(content, 16)))


def has_prefix(replica: Replica, digits: bytes) -> bool:
    return replica.hex().startswith("".join(f"{digit:x}" for digit in digits))


def _batch(fields: list[Any]) -> Batch:
    kind, number, offset, runs = array(fields, 4)
    read = tuple(Run.read(run) for run in array(runs, 1, 2**20))
    return Batch(natural(kind, 1), natural(number), natural(offset), read)


def _pack(fields: list[Any]) -> Pack:
    number, offset, runs = array(fields, 3)
    return Pack(natural(number), natural(offset), tuple(array(runs, 1, 2**20)))


def _ack(fields: list[Any]) -> Ack:
    kind, number, received, limit, have = array(fields, 5)
    return Ack(natural(kind, 1), natural(number), natural(received), natural(limit), references(have, 2**20))


def _pulse(fields: list[Any]) -> Pulse:
    wall, echo, roster, data = array(fields, 4)
    positions = [tuple(map(natural, array(position, 2))) for position in (roster, data)]
    return Pulse(natural(wall), None if echo is None else natural(echo), *positions)  # type: ignore[arg-type]


def _bye(fields: list[Any]) -> Bye:
    code, words = array(fields, 2)
    return Bye(natural(code), text(words, 0, 1024))


def write_frame(session: bytes, message: Message) -> bytes:
    """The frame that says `message`."""
    match message:
        case Hello():
            held = [head.item() for head in message.held]
            return encode([HELLO, session, *message[:8], held, *message.extensions])
        case Root():
            return encode([ROOT, session, *message])
        case Vector(kind, number, parts):
            return encode([VECTOR, session, kind, number, [[digits, _part_item(part)] for digits, part in parts]])
        case Batch(kind, number, offset, runs):
            return encode([BATCH, session, kind, number, offset, [run.item() for run in runs]])
        case Pack():
            return encode([PACK, session, *message])
        case Ack():
            return encode([ACK, session, *message])
        case Pulse():
            return encode([PULSE, session, *message])
        case Bye():
            return encode([BYE, session, *message])
        case _:
            return encode([OTHER_TYPES[type(message)], session, *message.fields()])


def _part_item(part: Part) -> list[Any]:
    match part:
        case Entries(refs):
            return [0, refs]
        case Digests(children):
            return [1, children]
        case Difference(refs):
            return [2, [ref if ref else [replica, None] for replica, ref in refs]]
        case Children(statements):
            return [3, [[digit, _part_item(statement)] for digit, statement in statements]]


def digest(refs: list[Ref] | tuple[Ref, ...]) -> bytes:
    """The digest of references that are sorted by replica (07-sync §1)."""
    return sha256(b"".join(map(encode, refs))).digest()
