"""Proofs of forks and the frame of traces (02-change §10, 07-sync §8). This peer takes no part in exchanging branches: it keeps
the half of a forked log that it holds, and says so in its hello."""

from hashlib import sha256
from typing import Any, NamedTuple

from . import keys, log
from .encoding import decode
from .fields import Hash, Replica, array, ascending, blob, integer, natural, need, references

MOST_POINTS = 1024


def name(replica: Replica, first: Hash) -> Replica:
    """The name of the path that begins with an entry of this hash (02-change §10)."""
    return sha256(b"branch" + replica + first).digest()[:16]


class Half(NamedTuple):
    headers: tuple[bytes, ...]
    signature: bytes

    @staticmethod
    def read(item: Any, replica: Replica, first: int) -> "Half":
        headers, head = array(item, 2)
        read = tuple(blob(header, 0, 2**20) for header in array(headers, 1, 2**20))
        for seq, header in enumerate(read, first):
            _check(header, replica, seq)
        return Half(read, log.read_head(head))

    def hashes(self, before: Hash) -> list[Hash]:
        found: list[Hash] = []
        for header in self.headers:
            before = sha256(b"gemba/entry/1" + before + header).digest()
            found.append(before)
        return found


def _check(header: bytes, replica: Replica, seq: int) -> None:
    version, of, at, deps, seal, coding, length, digest = array(decode(header), 8)
    need(integer(version) == 1, "C5: another version")
    need(of == replica and at == seq, "K1: the header of another entry")
    references(deps)
    if seal is not None:
        epoch, nonce = array(seal, 2)
        blob(epoch, 16)
        blob(nonce, 12)
    natural(coding, 1)
    natural(length)
    blob(digest, 32)


class ForkProof(NamedTuple):
    """Two signed histories of one log that hang on one entry (K1)."""

    replica: Replica
    first: int
    previous: Hash
    halves: tuple[Half, Half]

    @staticmethod
    def read(item: Any) -> "ForkProof":
        log_id, first, previous, one, other = array(item, 5)
        replica = blob(log_id, 16)
        need(natural(first) >= 1, "K1: a fork at the genesis")
        halves = Half.read(one, replica, first), Half.read(other, replica, first)
        proof = ForkProof(replica, first, blob(previous, 32), halves)
        need(ascending([half.hashes(proof.previous)[0] for half in halves]), "K1: the halves are not two, in order")
        return proof

    def names(self) -> list[Replica]:
        return [name(self.replica, half.hashes(self.previous)[0]) for half in self.halves]

    def verify(self, plant: bytes, station: bytes) -> None:
        """`Unverified` unless the station signed both (K2)."""
        for half in self.halves:
            last = self.first + len(half.headers) - 1
            signed = log.what_a_head_signs(plant, self.replica, last, half.hashes(self.previous)[-1])
            if not keys.verifies(station, half.signature, signed):
                raise log.Unverified("K2: a head of a half")


class Trace(NamedTuple):
    """Entries that the sender holds of logs about which the two disagree (S26)."""

    kind: int
    round: int
    asks: int
    traces: tuple[tuple[Replica, tuple[tuple[int, bytes], ...]], ...]

    @staticmethod
    def read(fields: list[Any]) -> "Trace":
        kind, number, asks, items = array(fields, 4)
        traces = []
        for item in array(items, 1, MOST_POINTS):
            replica, points = array(item, 2)
            pairs = [array(point, 2) for point in array(points, 1, 2**20)]
            read = tuple((natural(seq), blob(prefix, 16)) for seq, prefix in pairs)
            need(ascending(read), "S26: points out of order")
            traces.append((blob(replica, 16), read))
        need(ascending([replica for replica, _ in traces]), "S26: traces out of order")
        need(sum(len(points) for _, points in traces) <= MOST_POINTS, "L1: too many points")
        return Trace(natural(kind, 1), natural(number), natural(asks, 1), tuple(traces))

    def fields(self) -> list[Any]:
        traces = [[replica, [list(point) for point in points]] for replica, points in self.traces]
        return [self.kind, self.round, self.asks, traces]
