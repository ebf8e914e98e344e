"""Vectors for 05-roster.md: wrapped epoch keys, and the words of an enrolment."""

from cases_logs import FOUNDER, PLANT
from encoding import encode
from structures import ROSTER, Log, Station, genesis, seeded, sha256, words, wrap

PRESS = Station("P4")
KEY = seeded("wrapped epoch key", 32)
EPOCH = sha256(KEY)[:16]


def epochs():
    def case(name, wrapped, error=None, epoch=EPOCH, plant=PLANT):
        result = {
            "rule": "P19",
            "name": name,
            "valid": error is None,
            "input": encode(wrapped),
            "plant": plant,
            "epoch": epoch,
            "sealingSecret": PRESS.sealing_secret,
        }
        return result | ({"error": error} if error else {"key": KEY})

    good = wrap(PRESS.sealing, KEY, PLANT, "P4")
    yield case("an epoch key", good) | {"ephemeralSecret": seeded("ephemeral P4", 32)}
    yield case("the same key, wrapped again", wrap(PRESS.sealing, KEY, PLANT, "again"))
    other = sha256(b"another plant")
    yield case("a wrap of another plant", good, "invalid", plant=other)
    yield case("a wrap under another epoch's name", good, "invalid", epoch=sha256(b"another key")[:16])
    sealed = bytearray(good[2])
    sealed[0] ^= 1
    yield case("an altered key", [*good[:2], bytes(sealed)], "invalid")
    sealed = bytearray(good[2])
    sealed[47] ^= 1
    yield case("an altered tag", [*good[:2], bytes(sealed)], "invalid")
    yield case("another encapsulated key", [good[0], FOUNDER.sealing, good[2]], "invalid")
    yield case("an encapsulated key of small order", [good[0], bytes(32), good[2]], "invalid")
    yield case("a wrap for another station", wrap(FOUNDER.sealing, KEY, PLANT, "L1"), "invalid")
    false = seeded("another epoch key", 32)
    yield case("a key that does not have this name", wrap(PRESS.sealing, false, PLANT, "false", EPOCH), "invalid")


def enrolments():
    for name in ("P4", "L1", "Söll-9"):
        station = Station(name)
        log = Log(station, genesis(ROSTER, PLANT, station, f"words {name}"))
        digest = log.entries[0].hash
        yield {
            "rule": "words",
            "name": f"the enrolment of {name}",
            "valid": True,
            "plant": PLANT,
            "station": station.key,
            "transport": station.transport,
            "sealing": station.sealing,
            "genesis": digest,
            "words": words(PLANT, station, digest),
        }
