"""What a station sends to whoever is near (11-discovery §1). The peer reads beacons, and neither sends nor listens."""

from typing import NamedTuple

from . import keys
from .encoding import Malformed, decode, encode
from .fields import array, blob, integer, natural, need, text
from .log import PROTECTED, Unverified, read_head

TAG = b"gemba/bcn/1"
MOST = 1200


class Beacon(NamedTuple):
    station: bytes
    counter: int
    endpoints: tuple[str, ...]

    def signed(self, plant: bytes) -> bytes:
        """B3."""
        return encode(["Signature1", PROTECTED, encode(["gemba/beacon/1", plant]), encode(list(self))])


def open_datagram(data: bytes, plant: bytes) -> bytes:
    """The beacon inside (B2), or `Malformed`."""
    need(len(data) <= MOST, "B1: the datagram is too long")
    need(data.startswith(TAG) and len(data) >= len(TAG) + 28, "B2: no beacon")
    key = keys.derive(plant, b"gemba/beacon-seal/1")
    content = keys.unseal(key, data[len(TAG) : len(TAG) + 12], data[len(TAG) + 12 :], TAG)
    if content is None:
        raise Malformed("B2: the seal does not open")
    return content


def read_beacon(content: bytes, plant: bytes) -> Beacon:
    """A beacon whose signature holds, or `Malformed` or `Unverified`."""
    version, station, counter, endpoints, head = array(decode(content), 5)
    need(integer(version) == 1, "B1: another version")
    named = tuple(text(endpoint, 1, 255) for endpoint in array(endpoints, 1, 4))
    beacon, signature = Beacon(blob(station, 32), natural(counter), named), read_head(head)
    is_sound = keys.is_acceptable_signing_key(beacon.station)
    if not is_sound or not keys.verifies(beacon.station, signature, beacon.signed(plant)):
        raise Unverified("B3: the beacon")
    return beacon
