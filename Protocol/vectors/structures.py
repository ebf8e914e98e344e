"""Logs, heads, runs, members and tokens, built from 02-change.md, 03-heads.md and 05-roster.md."""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from encoding import encode

DATA, ROSTER = 0, 1
STATION, LIAISON, RELAY, ADMIN = 0, 1, 2, 3
BEFORE_GENESIS = bytes(32)
PROTECTED = bytes.fromhex("a10127")


def sha256(data):
    return hashlib.sha256(data).digest()


def seeded(label, count):
    """Bytes that look random and are the same at every run."""
    material = b"".join(sha256(f"gemba vectors: {label}: {block}".encode()) for block in range(count // 32 + 1))
    return material[:count]


def hkdf(secret, info):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)


class SigningKey:
    """An Ed25519 key."""

    def __init__(self, seed):
        self.seed = seed
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, data):
        return self.private.sign(data)


def agreement_key(label):
    """The public half of an X25519 key."""
    private = X25519PrivateKey.from_private_bytes(seeded(label, 32))
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class Station:
    """A machine with its three keys."""

    def __init__(self, name, role=STATION):
        self.name, self.role = name, role
        self.signing = SigningKey(seeded(f"{name} signing", 32))
        self.transport = agreement_key(f"{name} transport")
        self.sealing = agreement_key(f"{name} sealing")
        self.sealing_secret = seeded(f"{name} sealing", 32)

    @property
    def key(self):
        return self.signing.public

    @property
    def member(self):
        return [self.name, self.role, self.transport, self.sealing]


class Entry:
    """An entry at its place in a log."""

    def __init__(self, replica, sequence, previous, deps=(), seal=None, coding=0, body=b""):
        self.replica, self.sequence, self.previous = replica, sequence, previous
        self.deps, self.seal, self.coding, self.body = list(deps), seal, coding, body

    @property
    def encoded(self):
        return encode([self.deps, self.seal, self.coding, self.body])

    @property
    def header(self):
        replica = self.replica if self.sequence else None
        return encode([1, replica, self.sequence, self.deps, self.seal, self.coding, len(self.body), sha256(self.body)])

    @property
    def hash(self):
        return sha256(b"gemba/entry/1" + self.previous + self.header)

    @property
    def reference(self):
        return [self.replica or self.hash[:16], self.sequence, self.hash[:16]]


class Log:
    """A log as its author writes it."""

    def __init__(self, station, genesis):
        self.station = station
        self.plant = genesis[2]
        first = Entry(None, 0, BEFORE_GENESIS, body=encode(genesis))
        first.replica = first.hash[:16]
        self.replica = first.replica
        self.entries = [first]

    def append(self, body, deps=(), seal=None, coding=0):
        last = self.entries[-1]
        content = body if isinstance(body, bytes) else encode(body)
        entry = Entry(self.replica, last.sequence + 1, last.hash, sorted(deps), seal, coding, content)
        self.entries.append(entry)
        return entry

    @property
    def last(self):
        return self.entries[-1]

    @property
    def tip(self):
        return self.last.reference

    def head(self, entry=None, plant=None):
        entry = entry or self.last
        return signed(self.station.signing, entry, plant or self.plant or self.entries[0].hash)

    def run(self, first=0, last=None, head=None):
        last = self.last.sequence if last is None else last
        entries = self.entries[first : last + 1]
        previous = entries[0].previous[:16] if first else b""
        return [self.replica, first, previous, [entry.encoded for entry in entries], head or self.head(entries[-1])]


def signed_bytes(replica, sequence, digest, plant):
    return encode(["Signature1", PROTECTED, encode(["gemba/head/1", plant]), encode([replica, sequence, digest])])


def signed(key, entry, plant):
    return [PROTECTED, {}, None, key.sign(signed_bytes(entry.replica, entry.sequence, entry.hash, plant))]


def founding(station, recovery, plant_name="Works 3"):
    return [plant_name, recovery.public, station.member]


def genesis(kind, plant, station, label, incarnation=1, predecessors=(), frontier=(), founded=None):
    random = seeded(f"genesis {label}", 16)
    return [1, kind, plant, station.key, random, incarnation, list(predecessors), list(frontier), founded]


def found(station, recovery):
    """The founder's roster log."""
    return Log(station, genesis(ROSTER, None, station, station.name + " roster", founded=founding(station, recovery)))


def change(operations, references=(), timestamp=1_700_000_000_000 << 16, lamport=1, actor="ewa", reason="", schema=1):
    return [timestamp, lamport, schema, actor, reason, list(operations), list(references)]


def acts(*content, timestamp=1_700_000_000_000 << 16, lamport=1, actor="ewa", reason=""):
    return [timestamp, lamport, 0, actor, reason, list(content)]


def join_signed_bytes(plant, station):
    return encode(["gemba/join/1", plant, station.key, station.member])


def invite_key(secret):
    return SigningKey(hkdf(secret, b"gemba/invite/1"))


CONSONANTS, VOWELS = "bdfghjklmnprstvz", "aiou"


def words(plant, station, genesis_hash):
    digest = sha256(b"gemba/words/1" + plant + station.key + station.transport + station.sealing + genesis_hash)

    def proquint(number):
        return "".join(
            letters[number >> shift & len(letters) - 1]
            for letters, shift in zip((CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS), (12, 10, 6, 4, 0))
        )

    return "-".join(proquint(int.from_bytes(digest[at : at + 2], "big")) for at in range(0, 8, 2))


# ---- HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305

KEM_SUITE = b"KEM" + bytes.fromhex("0020")
HPKE_SUITE = b"HPKE" + bytes.fromhex("002000010003")


def labeled_extract(suite, salt, label, content):
    return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + content, hashlib.sha256).digest()


def labeled_expand(suite, key, label, info, length):
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return HKDFExpand(algorithm=hashes.SHA256(), length=length, info=labeled).derive(key)


def hpke_seal(recipient, ephemeral_secret, info, content):
    """The encapsulated key and the sealed content."""
    ephemeral = X25519PrivateKey.from_private_bytes(ephemeral_secret)
    encapsulated = ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    agreed = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    extracted = labeled_extract(KEM_SUITE, b"", b"eae_prk", agreed)
    shared = labeled_expand(KEM_SUITE, extracted, b"shared_secret", encapsulated + recipient, 32)
    context = b"\0" + b"".join(
        labeled_extract(HPKE_SUITE, b"", label, part) for label, part in ((b"psk_id_hash", b""), (b"info_hash", info))
    )
    secret = labeled_extract(HPKE_SUITE, shared, b"secret", b"")
    key = labeled_expand(HPKE_SUITE, secret, b"key", context, 32)
    nonce = labeled_expand(HPKE_SUITE, secret, b"base_nonce", context, 12)
    return encapsulated, ChaCha20Poly1305(key).encrypt(nonce, content, b"")


def wrap(recipient, key, plant, label, epoch=None):
    """An epoch key for the owner of a sealing key."""
    info = b"gemba/epoch/1" + plant + (epoch or sha256(key)[:16])
    return [recipient, *hpke_seal(recipient, seeded(f"ephemeral {label}", 32), info, key)]


def token(routes, plant, role, name, frontier, lamport, secret):
    return encode([routes, plant, role, name, frontier, lamport, secret])


def printed(content, prefix="gemba1-"):
    checksum = sha256(prefix.encode() + content)[:4]
    return prefix + base64.b32encode(content + checksum).decode().rstrip("=").lower()


def sealing_header(entry):
    return encode([1, entry.replica, entry.sequence, entry.deps, entry.seal, entry.coding])


def seal(entry, epoch_key, content):
    """Puts the sealed content into an entry that has its seal parameters already."""
    key = hkdf(epoch_key, b"gemba/seal" + entry.replica)
    associated = b"gemba/seal/1" + entry.previous + sealing_header(entry)
    entry.body = ChaCha20Poly1305(key).encrypt(entry.seal[1], content, associated)
    return key, associated


def zstandard(*blocks, size=None):
    """A frame of raw and repeated blocks (RFC 8878, sections 3.1.1 and 3.1.2), so that no library decides its bytes.

    A block is bytes, or (byte, count) for a repetition.
    """
    declared = size if size is not None else sum(len(b) if isinstance(b, bytes) else b[1] for b in blocks)
    frame = b"\x28\xb5\x2f\xfd" + b"\xa0" + declared.to_bytes(4, "little")
    for index, block in enumerate(blocks):
        last = index == len(blocks) - 1
        if isinstance(block, bytes):
            frame += (len(block) << 3 | 0 << 1 | last).to_bytes(3, "little") + block
        else:
            frame += (block[1] << 3 | 1 << 1 | last).to_bytes(3, "little") + block[0]
    return frame
