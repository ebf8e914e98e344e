"""Entries, the hash chain, genesis, heads and runs (02-change §2 to §4, §6, and 03-heads)."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import zstandard

from . import keys
from .encoding import Malformed, Map, decode, encode
from .fields import Hash, Ref, Replica, array, blob, integer, natural, need, references, text

DATA, ROSTER = 0, 1
NO_HASH = bytes(32)
MAXIMUM_BODY = 960 * 1024
MAXIMUM_CONTENT = 16 * 1024 * 1024
PROTECTED = bytes.fromhex("a10127")


class Unverified(Exception):
    """A run whose chain or signature does not hold (S12)."""


class Seal(NamedTuple):
    epoch: bytes
    nonce: bytes


@dataclass(frozen=True)
class Entry:
    """One element of a log (02-change §2)."""

    deps: tuple[Ref, ...]
    seal: Seal | None
    coding: int
    body: bytes

    @staticmethod
    def decode(data: bytes, is_genesis: bool, is_roster: bool, replica: Replica | None) -> "Entry":
        """The entry in its place, or `Malformed` by C1 to C4."""
        deps_item, seal_item, coding, body = array(decode(data), 4)
        deps = references(deps_item)
        seal = None
        if seal_item is not None:
            epoch, nonce = array(seal_item, 2)
            seal = Seal(blob(epoch, 16), blob(nonce, 12))
        need(all(dep.replica != replica for dep in deps), "C1: a dep on the own log")
        natural(coding, 1)
        blob(body, 0, MAXIMUM_BODY)
        need(not (is_genesis and deps), "C4: a genesis with deps")
        need(not ((is_genesis or is_roster) and (seal or coding)), "C4: sealed or coded where it may not be")
        return Entry(deps, seal, coding, body)

    def encoded(self) -> bytes:
        return encode([self.deps, self.seal, self.coding, self.body])

    def header(self, replica: Replica | None, seq: int) -> bytes:
        digest = sha256(self.body).digest()
        return encode([1, replica, seq, self.deps, self.seal, self.coding, len(self.body), digest])

    def hash(self, replica: Replica | None, seq: int, previous: Hash) -> Hash:
        """The place of this entry in the chain; `replica` is None for a genesis (C5)."""
        return sha256(b"gemba/entry/1" + previous + self.header(replica, seq)).digest()

    def _associated(self, replica: Replica, seq: int, previous: Hash) -> bytes:
        return b"gemba/seal/1" + previous + encode([1, replica, seq, self.deps, self.seal, self.coding])

    def content(self, replica: Replica, seq: int, previous: Hash, epoch_key: bytes | None) -> bytes:
        """The content of the body, or `Malformed` where Z1 or Z2 make it invalid."""
        stored = self.body
        if self.seal:
            assert epoch_key is not None
            key = keys.derive(epoch_key, b"gemba/seal" + replica)
            opened = keys.unseal(key, self.seal.nonce, self.body, self._associated(replica, seq, previous))
            if opened is None:
                raise Malformed("Z2: the body does not open")
            stored = opened
        return expand(stored) if self.coding else stored

    @staticmethod
    def sealed(
        deps: tuple[Ref, ...], content: bytes, place: tuple[Replica, int, Hash], epoch_key: bytes, nonce: bytes
    ) -> "Entry":
        """An entry whose body only those who hold the epoch's key can read (Z2)."""
        replica, seq, previous = place
        bare = Entry(deps, Seal(sha256(epoch_key).digest()[:16], nonce), 0, b"")
        key = keys.derive(epoch_key, b"gemba/seal" + replica)
        body = keys.seal(key, nonce, content, bare._associated(replica, seq, previous))
        return Entry(deps, bare.seal, 0, body)


def expand(frame: bytes, most: int = MAXIMUM_CONTENT) -> bytes:
    """The content of exactly one Zstandard frame (Z1)."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAXIMUM_CONTENT).decompressobj()
    try:
        need(frame[:4] == b"\x28\xb5\x2f\xfd", "Z1: no frame, or one that is skipped")
        need(zstandard.get_frame_parameters(frame).dict_id == 0, "Z1: a dictionary")
        content = bytearray()
        # Piece by piece, so that a frame which grows without end is noticed before it has.
        for at in range(0, len(frame), 1024):
            need(not decompressor.eof, "Z1: bytes after the frame")
            content += decompressor.decompress(frame[at : at + 1024])
            need(len(content) <= most, "Z1: the content is too long")
        need(decompressor.eof and not decompressor.unused_data, "Z1: the frame ends early, or bytes follow it")
    except zstandard.ZstdError as error:
        raise Malformed("Z1: not a frame") from error
    return bytes(content)


class Member(NamedTuple):
    """What a founding or a join says of a station."""

    name: str
    role: int
    transport: bytes
    sealing: bytes

    @staticmethod
    def read(item: Any) -> "Member":
        name, role, transport, sealing = array(item, 4)
        return Member(text(name, 0, 64), natural(role, 3), blob(transport, 32), blob(sealing, 32))


class Founding(NamedTuple):
    plant_name: str
    recovery: bytes
    founder: Member


@dataclass(frozen=True)
class Genesis:
    """The body of entry 0 (02-change §4)."""

    kind: int
    plant: bytes | None
    station: bytes
    random: bytes
    incarnation: int
    predecessors: tuple[Ref, ...]
    frontier: tuple[Ref, ...]
    founding: Founding | None

    @staticmethod
    def decode(body: bytes) -> "Genesis":
        version, kind, plant, station, random, incarnation, before, frontier, founding_item = array(decode(body), 9)
        need(integer(version) == 1, "G1: another version of the format")
        founding = None
        if founding_item is not None:
            name, recovery, founder = array(founding_item, 3)
            founding = Founding(text(name, 0, 64), blob(recovery, 32), Member.read(founder))
            need(keys.is_acceptable_signing_key(founding.recovery), "H3: the recovery key")
        genesis = Genesis(
            natural(kind, 1), None if plant is None else blob(plant, 32), blob(station, 32), blob(random, 16),
            integer(incarnation, 1), references(before), references(frontier), founding,
        )
        need((genesis.plant is None) == (founding is not None), "G3: either a plant or a founding")
        need(founding is None or (genesis.kind == ROSTER and not genesis.frontier), "G3: a founding elsewhere")
        need(keys.is_acceptable_signing_key(genesis.station), "H3: the station key")
        return genesis

    def encoded(self) -> bytes:
        return encode([
            1, self.kind, self.plant, self.station, self.random, self.incarnation, self.predecessors, self.frontier,
            self.founding,
        ])  # fmt: skip


def what_a_head_signs(plant: bytes, replica: Replica, seq: int, entry_hash: Hash) -> bytes:
    """The Sig_structure of a head (03-heads §1)."""
    external = encode(["gemba/head/1", plant])
    return encode(["Signature1", PROTECTED, external, encode([replica, seq, entry_hash])])


def read_head(item: Any) -> bytes:
    """The signature in a head (H1)."""
    protected, unprotected, payload, signature = array(item, 4)
    need(protected == PROTECTED and unprotected == Map() and payload is None, "H1: another header")
    return blob(signature, 64)


def head_item(signature: bytes) -> list[Any]:
    return [PROTECTED, Map(), None, signature]


class Run(NamedTuple):
    """Consecutive entries of one log that end at a head (03-heads §3)."""

    replica: Replica
    first: int
    previous: bytes
    entries: tuple[bytes, ...]
    signature: bytes

    @staticmethod
    def read(item: Any) -> "Run":
        replica, first, previous, entries, head = array(item, 5)
        run = Run(
            blob(replica, 16), natural(first), blob(previous, 0, 16),
            tuple(blob(entry, 0, 2**20) for entry in array(entries, 1, 2**20)), read_head(head),
        )  # fmt: skip
        need(len(run.previous) == (16 if run.first else 0), "R1: the previous hash")
        natural(run.last)
        return run

    def item(self) -> list[Any]:
        return [self.replica, self.first, self.previous, list(self.entries), head_item(self.signature)]

    @property
    def last(self) -> int:
        return self.first + len(self.entries) - 1

    @property
    def size(self) -> int:
        """What offsets count (S3)."""
        return sum(map(len, self.entries))


class Link(NamedTuple):
    """An entry with its place in the chain."""

    entry: Entry
    hash: Hash
    data: bytes


def verify(run: Run, plant: bytes, before: Hash, genesis: Genesis | None) -> tuple[Genesis, list[Link]]:
    """Computes the chain over a run and verifies its head; `genesis` is None exactly when the run begins with it.

    Raises `Malformed` or `Unverified`. The caller compares `before` with `run.previous`.
    """
    links: list[Link] = []
    for offset, data in enumerate(run.entries):
        seq = run.first + offset
        entry = Entry.decode(data, seq == 0, genesis is not None and genesis.kind == ROSTER, run.replica)
        if seq == 0:
            genesis = Genesis.decode(entry.body)
        assert genesis is not None
        before = entry.hash(run.replica if seq else None, seq, before)
        if seq == 0 and before[:16] != run.replica:
            raise Unverified("03-heads §3: the genesis has another id")
        links.append(Link(entry, before, data))
    assert genesis is not None
    if genesis.plant is None and run.first == 0 and links[0].hash != plant:
        raise Unverified("the founding of another plant")
    if genesis.plant not in (None, plant):
        raise Unverified("W3: a log of another plant")
    if not keys.verifies(genesis.station, run.signature, what_a_head_signs(plant, run.replica, run.last, before)):
        raise Unverified("H2: the head does not verify")
    return genesis, links


class SignedHead(NamedTuple):
    """A head that travels without its entries (03-heads §1)."""

    replica: Replica
    seq: int
    hash: Hash
    signature: bytes

    @staticmethod
    def read(item: Any) -> "SignedHead":
        replica, seq, entry_hash, head = array(item, 4)
        return SignedHead(blob(replica, 16), natural(seq), blob(entry_hash, 32), read_head(head))

    def item(self) -> list[Any]:
        return [self.replica, self.seq, self.hash, head_item(self.signature)]

