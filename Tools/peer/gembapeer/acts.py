"""The content of roster entries (05-roster §2) and the token (§6)."""

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from . import keys
from .encoding import Malformed, decode, encode
from .fields import Ref, Replica, array, ascending, blob, integer, natural, need, reference, references, text
from .log import Member

INVITE, JOIN, ADMIT, CLOSE, ENDPOINTS, EPOCH, REVOKE, RETIRE, LAPSE, RETURN = 1, 2, 3, 4, 5, 6, 8, 9, 10, 11
RE_KEY, REINSTATE, POLICY = 12, 14, 15


class Invite(NamedTuple):
    key: bytes
    role: int
    name: str
    valid_for_seconds: int


class Join(NamedTuple):
    key: bytes
    member: Member
    signature: bytes

    def verifies(self, plant: bytes, station: bytes) -> bool:
        return keys.verifies(self.key, self.signature, what_a_join_signs(plant, station, self.member))


class Admit(NamedTuple):
    replica: Replica


class Close(NamedTuple):
    key: bytes


class Endpoints(NamedTuple):
    counter: int
    endpoints: tuple[str, ...]


class Lapse(NamedTuple):
    station: bytes
    head: Ref | None


class Return(NamedTuple):
    pass


class Wrap(NamedTuple):
    """An epoch's key for who has a sealing key (A5)."""

    recipient: bytes
    encapsulated: bytes
    sealed: bytes


class EpochAct(NamedTuple):
    epoch: bytes
    wraps: tuple[Wrap, ...]


class Removal(NamedTuple):
    """A revoke or a retire."""

    kind: int
    station: bytes
    cut: tuple[Ref, ...]


class ReKey(NamedTuple):
    counter: int
    transport: bytes
    sealing: bytes


class Reinstate(NamedTuple):
    station: bytes
    removals: tuple[Ref, ...]


class Policy(NamedTuple):
    counter: int
    flags: int


class UnknownAct(NamedTuple):
    kind: int


Act = (
    Invite | Join | Admit | Close | Endpoints | EpochAct | Removal | Lapse | Return | ReKey | Reinstate | Policy
    | UnknownAct
)  # fmt: skip
KINDS: dict[type, int] = {
    Invite: INVITE, Join: JOIN, Admit: ADMIT, Close: CLOSE, Endpoints: ENDPOINTS, EpochAct: EPOCH, Lapse: LAPSE,
    Return: RETURN, ReKey: RE_KEY, Reinstate: REINSTATE, Policy: POLICY,
}  # fmt: skip


def kind_of(act: Act) -> int:
    return act.kind if isinstance(act, (Removal, UnknownAct)) else KINDS[type(act)]


@dataclass(frozen=True)
class RosterBody:
    timestamp: int
    lamport: int
    actor: str
    reason: str
    acts: tuple[Act, ...]

    @staticmethod
    def decode(content: bytes) -> "RosterBody":
        timestamp, lamport, schema, actor, reason, acts = array(decode(content), 6)
        need(integer(schema) == 0, "05-roster §2: the third element is 0")
        read = tuple(_act(act) for act in array(acts, 1, 2**32))
        return RosterBody(natural(timestamp), integer(lamport, 1), text(actor, 0, 256), text(reason, 0, 16384), read)


def _act(item: Any) -> Act:
    kind, *fields = array(item, 1, 2**32)
    integer(kind, 1)
    if kind == INVITE:
        key, role, name, valid = array(fields, 4)
        invite = Invite(blob(key, 32), natural(role, 3), text(name, 0, 64), natural(valid))
        need(keys.is_acceptable_signing_key(invite.key), "H3: the invite key")
        return invite
    if kind == JOIN:
        key, member, signature = array(fields, 3)
        return Join(blob(key, 32), Member.read(member), blob(signature, 64))
    if kind == ADMIT:
        return Admit(blob(array(fields, 1)[0], 16))
    if kind == CLOSE:
        return Close(blob(array(fields, 1)[0], 32))
    if kind == ENDPOINTS:
        counter, endpoints = array(fields, 2)
        return Endpoints(natural(counter), tuple(text(e, 0, 2**32) for e in array(endpoints, 0, 2**32)))
    try:
        # A1: one of these that is not as specified is like one of an unknown kind.
        return _later_act(kind, fields)
    except Malformed:
        return UnknownAct(kind)


def _later_act(kind: int, fields: list[Any]) -> Act:
    if kind == EPOCH:
        epoch, items = array(fields, 2)
        parts = [array(item, 3) for item in array(items, 1, 1024)]
        wraps = tuple(Wrap(blob(key, 32), blob(encapsulated, 32), blob(sealed, 48)) for key, encapsulated, sealed in parts)
        need(ascending([wrap.recipient for wrap in wraps]), "A5: wraps are not sorted by sealing key, one each")
        return EpochAct(blob(epoch, 16), wraps)
    if kind in (REVOKE, RETIRE):
        station, cut = array(fields, 2)
        return Removal(kind, blob(station, 32), references(cut, 2**32))
    if kind == LAPSE:
        station, head = array(fields, 2)
        return Lapse(blob(station, 32), None if head is None else reference(head))
    if kind == RETURN:
        array(fields, 0)
        return Return()
    if kind == RE_KEY:
        counter, transport, sealing = array(fields, 3)
        return ReKey(natural(counter), blob(transport, 32), blob(sealing, 32))
    if kind == REINSTATE:
        station, removals = array(fields, 2)
        refs = tuple(reference(item) for item in array(removals, 1, 2**32))
        need(ascending([ref[:2] for ref in refs]), "A6: removals are not sorted, one each")
        return Reinstate(blob(station, 32), refs)
    if kind == POLICY:
        counter, flags = array(fields, 2)
        return Policy(natural(counter), natural(flags))
    return UnknownAct(kind)


def what_a_join_signs(plant: bytes, station: bytes, member: Member) -> bytes:
    return encode(["gemba/join/1", plant, station, member])


class Token(NamedTuple):
    """An invitation as people hand it over (§6)."""

    routes: tuple[tuple[str, bytes], ...]
    plant: bytes
    role: int
    name: str
    frontier: tuple[Ref, ...]
    lamport: int
    secret: bytes

    @staticmethod
    def parse(printed: str) -> "Token":
        payload = parse_printed("gemba1-", printed)
        routes, plant, role, name, frontier, lamport, secret = array(decode(payload), 7)
        pairs = [array(route, 2) for route in array(routes, 0, 4)]
        return Token(
            tuple((text(endpoint, 1, 255), blob(key, 32)) for endpoint, key in pairs), blob(plant, 32),
            natural(role, 3), text(name, 0, 64), references(frontier, 4, 1), natural(lamport), blob(secret, 32),
        )  # fmt: skip

    def invite_seed(self) -> bytes:
        return keys.derive(self.secret, b"gemba/invite/1")


def parse_printed(prefix: str, printed: str) -> bytes:
    """The bytes in a printed token or recovery key, whose check sum is right."""
    word = re.sub(r"^[ \t\r\n]+|[ \t\r\n]+$", "", printed)
    match = re.fullmatch(re.escape(prefix) + "([a-z2-7]+)", word.lower())
    need(match is not None and word.isascii(), "no such word")
    assert match is not None
    digits = match[1].upper()
    try:
        data = base64.b32decode(digits + "=" * (-len(digits) % 8))
    except ValueError as error:
        raise Malformed("not base32") from error
    need(base64.b32encode(data).decode().rstrip("=") == digits, "bits are left over")
    payload, check = data[:-4], data[-4:]
    need(sha256(prefix.encode() + payload).digest()[:4] == check, "the check sum is wrong")
    return payload


NO_NAME = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)


def is_acceptable_name(name: str, is_plant: bool = False) -> bool:
    """P7."""
    has_space = name != name.strip(" ") if is_plant else " " in name
    return 1 <= len(name.encode()) <= 64 and not has_space and not NO_NAME.search(name)


def is_acceptable_member(member: Member) -> bool:
    return (
        is_acceptable_name(member.name)
        and keys.is_acceptable_agreement_key(member.transport)
        and keys.is_acceptable_agreement_key(member.sealing)
    )


def words(plant: bytes, station: bytes, transport: bytes, sealing: bytes, genesis: bytes) -> str:
    """What both sides of an enrolment show: four proquints (§6)."""
    digest = sha256(b"gemba/words/1" + plant + station + transport + sealing + genesis).digest()
    return "-".join(_proquint(int.from_bytes(digest[at : at + 2], "big")) for at in range(0, 8, 2))


def _proquint(number: int) -> str:
    consonants, vowels = "bdfghjklmnprstvz", "aiou"
    letters = ((consonants, 12, 15), (vowels, 10, 3), (consonants, 6, 15), (vowels, 4, 3), (consonants, 0, 15))
    return "".join(alphabet[number >> shift & mask] for alphabet, shift, mask in letters)
