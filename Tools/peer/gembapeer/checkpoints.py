"""Manifests and the frames of 08-checkpoint. This peer neither takes nor gives checkpoints, and says so in its hello."""

from hashlib import sha256
from typing import Any, NamedTuple

from . import keys
from .encoding import encode
from .fields import Ref, Replica, array, blob, integer, natural, need, references
from .log import PROTECTED, head_item, read_head
from .packs import Context

MOST_CHUNKS = 24576
MOST_CHUNKS_ASKED = 16


class Manifest(NamedTuple):
    """What a checkpoint consists of (C1)."""

    plant: bytes
    maker: bytes
    made: int
    roster: tuple[Ref, ...]
    entries: int
    rows: int
    state: bytes
    chunk_bytes: int
    bytes: int
    chunks: tuple[bytes, ...]

    @staticmethod
    def read(item: Any) -> "Manifest":
        version, plant, maker, made, roster, entries, rows, state, chunk_bytes, size, chunks = array(item, 11)
        need(integer(version) == 1, "C1: another version of the format")
        manifest = Manifest(
            blob(plant, 32), blob(maker, 32), natural(made), references(roster), natural(entries), natural(rows),
            blob(state, 32), integer(chunk_bytes, 65536, 524288), integer(size, 1),
            tuple(blob(chunk, 32) for chunk in array(chunks, 1, MOST_CHUNKS)),
        )  # fmt: skip
        need(-(-manifest.bytes // manifest.chunk_bytes) == len(manifest.chunks), "C1: another number of chunks")
        return manifest

    def item(self) -> list[Any]:
        return [1, *self]

    @property
    def id(self) -> bytes:
        """C3."""
        return sha256(b"gemba/checkpoint/1" + b"".join(self.chunks)).digest()[:16]

    def signed(self) -> bytes:
        """What its maker signs (C2)."""
        external = encode(["gemba/checkpoint/1", self.plant])
        return encode(["Signature1", PROTECTED, external, encode(self.item())])

    def verifies(self, signature: bytes) -> bool:
        return keys.is_acceptable_signing_key(self.maker) and keys.verifies(self.maker, signature, self.signed())


class Offer(NamedTuple):
    manifest: Manifest
    signature: bytes
    only_way: int

    @staticmethod
    def read(fields: list[Any]) -> "Offer":
        signed, only_way = array(fields, 2)
        manifest, head = array(signed, 2)
        return Offer(Manifest.read(manifest), read_head(head), natural(only_way, 1))

    def fields(self) -> list[Any]:
        return [[self.manifest.item(), head_item(self.signature)], self.only_way]


class Answer(NamedTuple):
    checkpoint: bytes
    verdict: int

    @staticmethod
    def read(fields: list[Any]) -> "Answer":
        checkpoint, verdict = array(fields, 2)
        return Answer(blob(checkpoint, 16), natural(verdict, 1))

    def fields(self) -> list[Any]:
        return list(self)


class Fetch(NamedTuple):
    checkpoint: bytes
    first: int
    count: int

    @staticmethod
    def read(fields: list[Any]) -> "Fetch":
        checkpoint, first, count = array(fields, 3)
        return Fetch(blob(checkpoint, 16), natural(first, MOST_CHUNKS - 1), integer(count, 1, MOST_CHUNKS_ASKED))

    def fields(self) -> list[Any]:
        return list(self)


class Chunk(NamedTuple):
    checkpoint: bytes
    index: int
    coding: int
    bytes: bytes

    @staticmethod
    def read(fields: list[Any]) -> "Chunk":
        checkpoint, index, coding, data = array(fields, 4)
        return Chunk(blob(checkpoint, 16), natural(index, MOST_CHUNKS - 1), natural(coding, 1), blob(data, 0, 1048000))

    def fields(self) -> list[Any]:
        return list(self)


class BodyRange(NamedTuple):
    """Entries whose bodies are wanted, the last by reference."""

    replica: Replica
    first: int
    last: int
    prefix: bytes

    @staticmethod
    def read(item: Any) -> "BodyRange":
        replica, first, last, prefix = array(item, 4)
        found = BodyRange(blob(replica, 16), integer(first, 1), integer(last, 1), blob(prefix, 16))
        need(found.first <= found.last, "C20: a range that ends before it begins")
        return found


class Backfill(NamedTuple):
    round: int
    position: int
    maximum: int
    ranges: tuple[BodyRange, ...]

    @staticmethod
    def read(fields: list[Any]) -> "Backfill":
        number, position, maximum, items = array(fields, 4)
        ranges = tuple(map(BodyRange.read, array(items, 1, 16384)))
        follow = ((a.replica, a.last) < (b.replica, b.first) for a, b in zip(ranges, ranges[1:]))
        need(all(follow), "C20: ranges are not sorted, or overlap")
        return Backfill(natural(number), natural(position), integer(maximum, 1, 256 * 1024), ranges)

    def fields(self) -> list[Any]:
        return list(self)


class Bodies(NamedTuple):
    """Runs as packed for themselves, each with the hash of the entry before it, or None."""

    round: int
    after: int
    position: int
    is_last: int
    runs: tuple[tuple[bytes | None, Any], ...]

    @staticmethod
    def read(fields: list[Any]) -> "Bodies":
        number, after, position, is_last, items = array(fields, 5)
        pairs = tuple((before, packed) for before, packed in (array(item, 2) for item in array(items, 0, 2**20)))
        context = Context()
        for before, packed in pairs:
            need(before is None or bool(blob(before, 32)), "C23: a hash")
            context.unpack(packed)
        found = Bodies(natural(number), natural(after), natural(position), natural(is_last, 1), pairs)
        need(found.position > found.after or found.is_last == 1, "C22: an answer that leads no further")
        return found

    def fields(self) -> list[Any]:
        return list(self)
