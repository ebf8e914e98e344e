"""Frames as a member sends them, and the little of CBOR (RFC 8949) that they need."""

SIGNATURE = [b"\xa1\x01\x27", {}, None, bytes(64)]


def encode(item):
    """The deterministic encoding of numbers, bytes, lists, None and the empty map."""
    if item is None:
        return b"\xf6"
    if isinstance(item, int):
        return head(0, item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, dict):
        return b"\xa0"
    return head(4, len(item)) + b"".join(encode(element) for element in item)


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for information, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | information]) + number.to_bytes(size, "big")
    raise ValueError(number)


def decode(data):
    """The item that the data are."""
    return decode_at(data, 0)[0]


def decode_at(data, place):
    """The item at a place, and the place behind it."""
    major, number = data[place] >> 5, data[place] & 31
    place += 1
    if major == 7:
        return None, place
    if number >= 24:
        size = 1 << (number - 24)
        number = int.from_bytes(data[place:place + size], "big")
        place += size
    if major == 0:
        return number, place
    if major in (2, 3):
        return bytes(data[place:place + number]), place + number
    elements = []
    for _ in range(number if major == 4 else 2 * number):
        element, place = decode_at(data, place)
        elements.append(element)
    return elements, place


def hello(session, plant, station):
    return [0, session, 1, 1, plant, station, bytes(7) + b"\x07", 7, 1_760_000_000_000, None, []]


def root(session, kind, number, digest, count):
    return [1, session, kind, number, digest, count]


def questions(session, kind, number, count):
    """A step of a comparison that asks for everything, so many times."""
    digests = [1, [bytes(8)] * 16]
    return [2, session, kind, number, [[b"", digests]] * count]


def batch(session, kind, number, offset, entry_bytes):
    """A batch of one run as long as a frame allows, of which nothing is true but its form."""
    run = [bytes(15) + b"\x01", 0, b"", [bytes(entry_bytes)], SIGNATURE]
    return [3, session, kind, number, offset, [run]]


def fetch(session, checkpoint):
    return [9, session, checkpoint, 0, 16]
