"""Vectors for 11-discovery.md: beacons as they are sent."""

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cases_logs import FOUNDER, PLANT, PRESS
from encoding import encode
from structures import PROTECTED, seeded

TAG = b"gemba/bcn/1"
COUNTER = 1_760_000_000_000
ENDPOINTS = ["tcp://192.0.2.7:7700", "tcp://198.51.100.7:7700"]


def seal_key(plant):
    return HKDF(SHA256(), 32, None, b"gemba/beacon-seal/1").derive(plant)


def signed_bytes(content, plant=PLANT):
    return encode(["Signature1", PROTECTED, encode(["gemba/beacon/1", plant]), encode(content)])


def beacon(counter=COUNTER, endpoints=ENDPOINTS, version=1, key=PRESS, plant=PLANT):
    content = [PRESS.key, counter, endpoints]
    return [version, *content, [PROTECTED, {}, None, key.signing.sign(signed_bytes(content, plant))]]


def datagram(item, plant=PLANT, tag=TAG):
    nonce = seeded(f"beacon nonce {len(encode(item))}", 12)
    return tag + nonce + ChaCha20Poly1305(seal_key(plant)).encrypt(nonce, encode(item), tag)


def beacons():
    def case(rule, name, data, item=None, error=None):
        result = {"rule": rule, "name": name, "valid": error is None, "input": data, "plant": PLANT}
        if error:
            return result | {"error": error}
        expected = {"station": item[1], "counter": item[2], "endpoints": item[3]}
        return result | {"nonce": data[11:23], "beacon": encode(item), "signed": signed_bytes(item[1:4]), "expected": expected}

    whole = beacon()
    yield case("B1", "a beacon", datagram(whole), whole)
    least = beacon(counter=0, endpoints=ENDPOINTS[:1])
    yield case("B1", "a beacon with one endpoint and the least counter", datagram(least), least)
    yield case("B1", "an unknown version", datagram(beacon(version=2)), error="unsupportedVersion")
    yield case("B1", "no endpoint", datagram(beacon(endpoints=[])), error="invalid")
    yield case("B1", "an empty endpoint", datagram(beacon(endpoints=[""])), error="invalid")
    yield case("B1", "five endpoints", datagram(beacon(endpoints=ENDPOINTS[:1] * 5)), error="tooLong")
    yield case("B1", "an endpoint that is too long", datagram(beacon(endpoints=["t" * 256])), error="tooLong")
    yield case("B1", "bytes after the beacon", sealed_bytes(encode(whole) + b"\x00"), error="trailingBytes")
    yield case("B2", "sealed for another plant", datagram(whole, plant=seeded("other plant", 32)), error="seal")
    yield case("B2", "another tag", datagram(whole, tag=b"gemba/bcn/2"), error="seal")
    yield case("B2", "a flipped bit", flipped(datagram(whole)), error="seal")
    yield case("B2", "a datagram that ends too early", datagram(whole)[:20], error="seal")
    yield case("B3", "signed by another station", datagram(beacon(key=FOUNDER)), error="signature")
    yield case("B3", "signed for another plant", datagram(beacon(plant=seeded("other plant", 32))), error="signature")


def sealed_bytes(content):
    nonce = seeded("beacon nonce", 12)
    return TAG + nonce + ChaCha20Poly1305(seal_key(PLANT)).encrypt(nonce, content, TAG)


def flipped(data):
    return data[:40] + bytes([data[40] ^ 1]) + data[41:]
