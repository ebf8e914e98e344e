"""Vectors for 01-encoding.md."""

import math

import cbor2

from encoding import Refused, decode, encode


def described(item):
    """A value with its type, because JSON does not tell 1 from 1.0, nor text from bytes."""
    if item is None:
        return {"null": True}
    if isinstance(item, bool):
        return {"bool": item}
    if isinstance(item, int):
        return {"int": str(item)}
    if isinstance(item, float):
        return {"float": float.hex(item)}
    if isinstance(item, bytes):
        return {"bytes": item}
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, list):
        return {"array": [described(element) for element in item]}
    return {"map": [[described(key), described(value)] for key, value in item.items()]}


VALID = [
    ("E1", "zero", 0),
    ("E1", "the greatest integer in one byte", 23),
    ("E1", "the smallest integer in two bytes", 24),
    ("E1", "the smallest integer in three bytes", 256),
    ("E1", "the smallest integer in five bytes", 65536),
    ("E1", "the smallest integer in nine bytes", 2**32),
    ("E3", "the greatest integer", 2**63 - 1),
    ("E3", "the smallest integer", -(2**63)),
    ("E1", "minus one", -1),
    ("E1", "minus 24 in one byte", -24),
    ("E1", "minus 25 in two bytes", -25),
    ("E4", "a float in 16 bits", 1.5),
    ("E4", "float one, which is not integer one", 1.0),
    ("E4", "float zero", 0.0),
    ("E4", "the greatest float in 16 bits", 65504.0),
    ("E4", "the smallest subnormal in 16 bits", 2.0**-24),
    ("E4", "the greatest subnormal in 16 bits", 1023 * 2.0**-24),
    ("E4", "half the smallest subnormal of 16 bits takes 32", 2.0**-25),
    ("E4", "a float in 32 bits", 100000.0),
    ("E4", "the greatest float in 32 bits", 3.4028234663852886e38),
    ("E4", "the smallest subnormal in 32 bits", 2.0**-149),
    ("E4", "a float in 64 bits", 1.1),
    ("E4", "the greatest float", 1.7976931348623157e308),
    ("E4", "the smallest subnormal", 5e-324),
    ("E5", "empty text", ""),
    ("E5", "text of one to four bytes a character", "a\u00e9\u73fe\U0001f3ed"),
    ("E5", "composed text", "\u00e9"),
    ("E5", "decomposed text is another text", "e\u0301"),
    ("E5", "a noncharacter is text", "\uffff"),
    ("E1", "empty bytes", b""),
    ("E1", "24 bytes take a two-byte head", bytes(24)),
    ("E1", "null", None),
    ("E7", "false", False),
    ("E7", "true", True),
    ("E1", "an empty array", []),
    ("E6", "an empty map", {}),
    ("E6", "a map with keys in order", {1: 2, 24: 3, -1: 4, b"a": 5, "a": 6, "b": 7}),
    ("E8", "sixteen nested arrays", [[[[[[[[[[[[[[[[7]]]]]]]]]]]]]]]]),
]

INVALID = [
    ("E1", "integer 23 in two bytes", "1817", "notDeterministic"),
    ("E1", "integer 255 in three bytes", "1900ff", "notDeterministic"),
    ("E1", "integer 65535 in five bytes", "1a0000ffff", "notDeterministic"),
    ("E1", "an integer of 32 bits in nine bytes", "1b00000000ffffffff", "notDeterministic"),
    ("E1", "a negative integer in more bytes than needed", "3817", "notDeterministic"),
    ("E1", "a length in more bytes than needed", "580161", "notDeterministic"),
    ("E1", "a count in more bytes than needed", "9800", "notDeterministic"),
    ("E1", "a reserved head", "1c", "notDeterministic"),
    ("E2", "an indefinite byte string", "5f4161ff", "notDeterministic"),
    ("E2", "an indefinite text", "7f6161ff", "notDeterministic"),
    ("E2", "an indefinite array", "9f01ff", "notDeterministic"),
    ("E2", "an indefinite map", "bf0102ff", "notDeterministic"),
    ("E2", "a break by itself", "ff", "wrongType"),
    ("E3", "2^63", "1b8000000000000000", "outOfRange"),
    ("E3", "-2^63 - 1", "3b8000000000000000", "outOfRange"),
    ("E4", "minus zero in 16 bits", "f98000", "outOfRange"),
    ("E4", "minus zero in 64 bits", "fb8000000000000000", "outOfRange"),
    ("E4", "NaN in 16 bits", "f97e00", "outOfRange"),
    ("E4", "NaN in 64 bits", "fb7ff8000000000000", "outOfRange"),
    ("E4", "infinity", "f97c00", "outOfRange"),
    ("E4", "minus infinity in 32 bits", "faff800000", "outOfRange"),
    ("E4", "1.5 in 32 bits", "fa3fc00000", "notDeterministic"),
    ("E4", "1.5 in 64 bits", "fb3ff8000000000000", "notDeterministic"),
    ("E4", "100000.0 in 64 bits", "fb40f86a0000000000", "notDeterministic"),
    ("E5", "U+0000", "6100", "invalid"),
    ("E5", "U+0000 in the middle", "63610062", "invalid"),
    ("E5", "an overlong form", "62c080", "invalid"),
    ("E5", "a surrogate", "63eda080", "invalid"),
    ("E5", "a character beyond U+10FFFF", "64f4908080", "invalid"),
    ("E5", "a character cut short", "61c3", "invalid"),
    ("E5", "a lone continuation byte", "6180", "invalid"),
    ("E6", "keys out of order", "a202010101", "notDeterministic"),
    ("E6", "a key twice", "a201010102", "notDeterministic"),
    ("E6", "keys in order of length before type", "a2616101182002", "notDeterministic"),
    ("E7", "a tag", "c100", "wrongType"),
    ("E7", "undefined", "f7", "wrongType"),
    ("E7", "an unassigned simple value", "e0", "wrongType"),
    ("E7", "a simple value in two bytes", "f8ff", "wrongType"),
    ("E7", "a tag inside an array", "81c100", "wrongType"),
    ("E8", "seventeen nested arrays", "81" * 17 + "07", "tooDeep"),
    ("E8", "seventeen nested maps", "a107" * 17 + "07", "tooDeep"),
    ("E9", "nothing", "", "truncated"),
    ("E9", "a byte after the item", "0000", "trailingBytes"),
    ("E9", "an integer cut short", "19ff", "truncated"),
    ("E9", "bytes cut short", "4261", "truncated"),
    ("E9", "an array cut short", "8201", "truncated"),
    ("E9", "an array that promises 2^40 items", "9b0000010000000000", "truncated"),
    ("E9", "bytes that promise 2^63 - 1 bytes", "5b7fffffffffffffff", "truncated"),
    ("E9", "bytes that promise 2^64 - 1 bytes", "5bffffffffffffffff", "truncated"),
    ("E9", "a map that promises 2^64 - 1 pairs", "bbffffffffffffffff", "truncated"),
]


def items():
    for rule, name, item in VALID:
        encoded = encode(item)
        assert cbor2.loads(encoded) == item and decode(encoded) == item, name
        if isinstance(item, float):
            assert math.isfinite(item), name
        yield {"rule": rule, "name": name, "valid": True, "input": encoded, "value": described(item)}
    for rule, name, text, error in INVALID:
        encoded = bytes.fromhex(text)
        try:
            decode(encoded)
        except Refused as refusal:
            assert refusal.args[0] == error, (name, refusal.args[0])
        else:
            raise AssertionError(name)
        yield {"rule": rule, "name": name, "valid": False, "input": encoded, "error": error}
