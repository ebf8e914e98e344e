"""The subset of CBOR, in its one deterministic encoding (01-encoding §1)."""

import math
import struct
from typing import Any

MAXIMUM_DEPTH = 16
LEAST_INTEGER = -(2**63)
GREATEST_INTEGER = 2**63 - 1


class Malformed(Exception):
    """Bytes that no correct sender can send."""


class Map(tuple):
    """The pairs of a map. It is no dict, because 1 and 1.0 are two keys (E13), and a key may be an array."""


def encode(item: Any) -> bytes:
    """The deterministic encoding of ints, floats, str, bytes, None, bools, lists and `Map`s."""
    out = bytearray()
    _write(item, out)
    return bytes(out)


def _write(item: Any, out: bytearray) -> None:
    if item is None:
        out.append(0xF6)
    elif isinstance(item, bool):
        out.append(0xF5 if item else 0xF4)
    elif isinstance(item, int):
        if not LEAST_INTEGER <= item <= GREATEST_INTEGER:
            raise Malformed(f"E3: {item} is out of range")
        _head(0 if item >= 0 else 1, item if item >= 0 else -1 - item, out)
    elif isinstance(item, bytes):
        _head(2, len(item), out)
        out += item
    elif isinstance(item, str):
        utf8 = item.encode()
        _head(3, len(utf8), out)
        out += utf8
    elif isinstance(item, float):
        out += _float(item)
    elif isinstance(item, Map):
        _head(5, len(item), out)
        for key, value in sorted((encode(key), encode(value)) for key, value in item):
            out += key + value
    elif isinstance(item, (list, tuple)):
        _head(4, len(item), out)
        for element in item:
            _write(element, out)
    else:
        raise TypeError(f"{type(item).__name__} has no encoding")


def _head(major: int, argument: int, out: bytearray) -> None:
    major <<= 5
    if argument < 24:
        out.append(major | argument)
    elif argument < 1 << 8:
        out += bytes((major | 24, argument))
    elif argument < 1 << 16:
        out += struct.pack(">BH", major | 25, argument)
    elif argument < 1 << 32:
        out += struct.pack(">BI", major | 26, argument)
    else:
        out += struct.pack(">BQ", major | 27, argument)


def _float(value: float) -> bytes:
    if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
        raise Malformed("E4: NaN, the infinities and -0 are refused")
    for head, form in ((0xF9, ">e"), (0xFA, ">f")):
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return bytes((head,)) + packed
    return b"\xfb" + struct.pack(">d", value)


def decode(data: bytes) -> Any:
    """The item that `data` is, or `Malformed`. Nothing is allocated for what has not been seen."""
    item, end = _read(data, 0, 0)
    if end != len(data):
        raise Malformed("E9: bytes after the item")
    return item


def decode_first(data: bytes) -> tuple[Any, int]:
    """The item that `data` begins with, and how many bytes it has, or `Malformed`."""
    return _read(data, 0, 0)


def _read(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if at >= len(data):
        raise Malformed("E9: the item ends early")
    head = data[at]
    major, info = head >> 5, head & 31
    if major == 7:
        return _read_simple(data, at, info)
    argument, at = _argument(data, at + 1, info)
    if major == 0 or major == 1:
        if argument > GREATEST_INTEGER:
            raise Malformed("E3: an integer is out of range")
        return (argument if major == 0 else -1 - argument), at
    if major == 2 or major == 3:
        if argument > len(data) - at:
            raise Malformed("E9: the item ends early")
        content = data[at : at + argument]
        return (content if major == 2 else _text(content)), at + argument
    if major == 6:
        raise Malformed("E7: a tag")
    if depth == MAXIMUM_DEPTH:
        raise Malformed("E8: nested too deeply")
    if major == 4:
        elements = []
        for _ in range(argument):
            element, at = _read(data, at, depth + 1)
            elements.append(element)
        return elements, at
    return _read_map(data, at, argument, depth + 1)


def _argument(data: bytes, at: int, info: int) -> tuple[int, int]:
    if info < 24:
        return info, at
    if info > 27:
        raise Malformed("E2: an indefinite length, or a reserved one")
    size = 1 << (info - 24)
    if at + size > len(data):
        raise Malformed("E9: the item ends early")
    argument = int.from_bytes(data[at : at + size], "big")
    if argument < (24 if size == 1 else 1 << (4 * size)):
        raise Malformed("E1: not the shortest head")
    return argument, at + size


def _text(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Malformed("E5: not UTF-8") from error
    if "\0" in text:
        raise Malformed("E5: U+0000")
    return text


def _read_simple(data: bytes, at: int, info: int) -> tuple[Any, int]:
    if info in (20, 21, 22):
        return (False, True, None)[info - 20], at + 1
    if info not in (25, 26, 27):
        raise Malformed("E7: a simple value, or E2: a break")
    size = 1 << (info - 24)
    encoded = data[at : at + 1 + size]
    if len(encoded) != 1 + size:
        raise Malformed("E9: the item ends early")
    value = struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], encoded[1:])[0]
    if _float(value) != encoded:
        raise Malformed("E4: not the shortest form")
    return value, at + 1 + size


def _read_map(data: bytes, at: int, count: int, depth: int) -> tuple[Map, int]:
    pairs: list[tuple[Any, Any]] = []
    previous = b""
    for _ in range(count):
        key, end = _read(data, at, depth)
        if pairs and data[at:end] <= previous:
            raise Malformed("E6: keys are not sorted, or stand twice")
        previous = data[at:end]
        value, at = _read(data, end, depth)
        pairs.append((key, value))
    return Map(pairs), at
