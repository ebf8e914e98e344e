"""Deterministic CBOR as 01-encoding.md describes it, written to be compared with, not to be fast."""

import math
import struct


class Raw:
    """Bytes that stand in a structure as they are: the way to build what must be refused."""

    def __init__(self, *parts):
        self.encoded = b"".join(parts)


def head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    for size, information in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if argument < 1 << (8 * size):
            return bytes([major << 5 | information]) + argument.to_bytes(size, "big")
    raise ValueError(f"{argument} needs more than 64 bits")


def real(value):
    for letter, initial in (("e", 0xF9), ("f", 0xFA), ("d", 0xFB)):
        try:
            packed = struct.pack(">" + letter, value)
        except OverflowError:
            continue
        if struct.unpack(">" + letter, packed)[0] == value:
            return bytes([initial]) + packed
    raise ValueError(f"{value} has no canonical encoding")


def encode(item):
    """The deterministic encoding of None, bool, int, float, bytes, str, list, tuple, dict or Raw."""
    if isinstance(item, Raw):
        return item.encoded
    if item is None:
        return b"\xf6"
    if isinstance(item, bool):
        return b"\xf5" if item else b"\xf4"
    if isinstance(item, int):
        return head(0, item) if item >= 0 else head(1, -1 - item)
    if isinstance(item, float):
        return real(item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        content = item.encode("utf-8")
        return head(3, len(content)) + content
    if isinstance(item, (list, tuple)):
        return head(4, len(item)) + b"".join(encode(element) for element in item)
    if isinstance(item, dict):
        pairs = sorted((encode(key), encode(value)) for key, value in item.items())
        return head(5, len(pairs)) + b"".join(key + value for key, value in pairs)
    raise TypeError(type(item))


class Refused(Exception):
    """Bytes that break a rule of 01-encoding.md; the argument is the class of the error."""


def decode(data):
    """Reads one item that is all of `data`, by the rules and not by what a library tolerates."""
    item, end = _decode(data, 0, 0)
    if end != len(data):
        raise Refused("trailingBytes")
    return item


def _take(data, start, count):
    if count > len(data) - start:
        raise Refused("truncated")
    return data[start : start + count], start + count


def _decode(data, start, depth):
    first, at = _take(data, start, 1)
    major, information = first[0] >> 5, first[0] & 31
    if major == 7:
        return _decode_simple(data, at, information)
    if major == 6:
        raise Refused("wrongType")
    if information > 27:
        raise Refused("notDeterministic")
    argument = information
    if information >= 24:
        size = 1 << (information - 24)
        raw, at = _take(data, at, size)
        argument = int.from_bytes(raw, "big")
        if argument < (24 if size == 1 else 1 << (4 * size)):
            raise Refused("notDeterministic")
    if major <= 1:
        if argument > 2**63 - 1:
            raise Refused("outOfRange")
        return (argument if major == 0 else -1 - argument), at
    if major == 2:
        return _take(data, at, argument)
    if major == 3:
        raw, at = _take(data, at, argument)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("invalid") from None
        if "\0" in text:
            raise Refused("invalid")
        return text, at
    if depth == 16:
        raise Refused("tooDeep")
    if major == 4:
        elements = []
        for _ in range(argument):
            element, at = _decode(data, at, depth + 1)
            elements.append(element)
        return elements, at
    pairs, previous = {}, None
    for _ in range(argument):
        key_start = at
        key, at = _decode(data, at, depth + 1)
        encoded = data[key_start:at]
        if previous is not None and encoded <= previous:
            raise Refused("notDeterministic")
        previous = encoded
        pairs[key], at = _decode(data, at, depth + 1)
    return pairs, at


def _decode_simple(data, at, information):
    if information in (20, 21, 22):
        return {20: False, 21: True, 22: None}[information], at
    if information not in (25, 26, 27):
        raise Refused("wrongType")
    raw, end = _take(data, at, 1 << (information - 24))
    value = struct.unpack(">" + {25: "e", 26: "f", 27: "d"}[information], raw)[0]
    if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
        raise Refused("outOfRange")
    if real(value) != data[at - 1 : end]:
        raise Refused("notDeterministic")
    return value, end
