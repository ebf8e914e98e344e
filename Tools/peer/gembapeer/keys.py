"""Keys, signatures and key agreement: Ed25519, X25519, HKDF and ChaCha20-Poly1305."""

import hmac

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def signing_public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def agreement_public(secret: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def sign(seed: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def verifies(key: bytes, signature: bytes, message: bytes) -> bool:
    """RFC 8032 §5.1.7 with S < L in the cofactorless form, as OpenSSL does it (H3)."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_acceptable_signing_key(key: bytes) -> bool:
    """Whether an Ed25519 key is a canonical encoding of a point on the curve that is not of small order (H3)."""
    y = int.from_bytes(key, "little")
    sign_of_x, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return False
    # x² = (y² − 1) / (dy² + 1), RFC 8032 §5.1.3.
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign_of_x):
        return False
    for _ in range(3):
        x, y = _double(x, y)
    return (x, y) != (0, 1)


def _double(x: int, y: int) -> tuple[int, int]:
    product = D * x * x * y * y
    return 2 * x * y * pow(1 + product, -1, P) % P, (y * y + x * x) * pow(1 - product, -1, P) % P


def is_acceptable_agreement_key(key: bytes) -> bool:
    """Whether an X25519 key is canonical and not of small order (P7)."""
    if int.from_bytes(key, "little") >= P:
        return False
    # Every clamped scalar is a multiple of 8: it takes a point of small order to zero, and the library refuses that.
    try:
        X25519PrivateKey.from_private_bytes(bytes(32)).exchange(X25519PublicKey.from_public_bytes(key))
    except ValueError:
        return False
    return True


def derive(secret: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 without salt, 32 bytes."""
    return HKDF(SHA256(), 32, None, info).derive(secret)


def seal(key: bytes, nonce: bytes, content: bytes, associated: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(nonce, content, associated)


def unseal(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes | None:
    """The content, or None if it does not open."""
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, associated)
    except (InvalidTag, ValueError):
        return None


KEM = b"KEM" + (0x0020).to_bytes(2, "big")
HPKE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0003))


def hpke_open(secret: bytes, encapsulated: bytes, sealed: bytes, info: bytes) -> bytes | None:
    """What was sealed to a key in the base mode of RFC 9180, or None if it does not open (P19)."""
    private = X25519PrivateKey.from_private_bytes(secret)
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    except ValueError:
        return None
    key, nonce = _hpke_schedule(shared, encapsulated + private.public_key().public_bytes_raw(), info)
    return unseal(key, nonce, sealed, b"")


def _hpke_schedule(shared: bytes, context: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and first nonce: sections 4.1 and 5.1 of the RFC."""
    secret = _expand(KEM, _extract(KEM, b"", b"eae_prk", shared), b"shared_secret", context, 32)
    hashes = (_extract(HPKE, b"", b"psk_id_hash", b""), _extract(HPKE, b"", b"info_hash", info))
    schedule = b"\0" + b"".join(hashes)
    secret = _extract(HPKE, secret, b"secret", b"")
    return _expand(HPKE, secret, b"key", schedule, 32), _expand(HPKE, secret, b"base_nonce", schedule, 12)


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    full = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return HKDFExpand(SHA256(), length, full).derive(secret)
