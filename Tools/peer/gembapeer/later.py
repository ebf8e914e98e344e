"""A later version of this peer, as the specification lets one be. It is the peer of today with some parts exchanged:

it speaks two versions of the protocol, sets a capability, says more in its hello, sends a message and makes an act, an
extension of bodies and effects that nobody else knows. Tables and groups need nothing: any number will do.
"""

import argparse
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, NamedTuple

from . import body, cli, merge, node, writing
from . import messages as m
from .body import INSERT, Effect, Operation, Unknown
from .encoding import Malformed, Map, decode, encode
from .fields import Dot, array, natural, need, text, value
from .session import CAPABILITIES, Phase, Session
from .station import Draft, Station

NUMBER = 4000
"""Of everything that is new here; the registry has not given it out."""
CAPABILITY = 1 << 40
REPEAT = 1.0
logger = logging.getLogger(__name__)


class Note(NamedTuple):
    """A message for peers that set the capability."""

    words: str

    @staticmethod
    def read(fields: list[Any]) -> "Note":
        return Note(text(array(fields, 1)[0], 1, 64))

    def fields(self) -> list[Any]:
        return [self.words]


class Later(Session):
    """Speaks version 2 to those who do: its pulses have one element more."""

    versions = (1, 2)
    capabilities = CAPABILITIES | CAPABILITY
    extensions = ("later", [NUMBER, Map([(1, None)])])
    noted_at = 0.0
    last_note = ""

    def write(self, message: m.Message) -> bytes:
        if isinstance(message, m.Pulse) and self.version == 2:
            return encode([m.PULSE, self.id, *message, "steady"])
        return super().write(message)

    def read(self, frame: bytes) -> tuple[bytes, m.Message]:
        kind, session, *fields = array(decode(frame), 2, 2**20)
        # Before the hello came the version is not known, and a pulse is dropped whatever its form.
        if kind == m.PULSE and (self.version == 2 or self.peer is None and len(fields) == 5):
            need(array(fields, 5)[4] == "steady", "a pulse of version 2")
            return m.read_frame(encode([kind, session, *fields[:4]]))
        return super().read(frame)

    def _on_message(self, message: m.Message) -> None:
        if not isinstance(message, Note):
            return super()._on_message(message)
        if message.words != self.last_note:
            self.last_note = message.words
            logger.info("note from %s: %s", self.name, message.words)

    def tick(self, now: float, wall: int) -> None:
        super().tick(now, wall)
        knows_notes = self.peer is not None and self.peer.capabilities & CAPABILITY
        if knows_notes and self.member and self.phase == Phase.OPEN and now - self.noted_at > REPEAT:
            self.noted_at = now
            self._send(Note(f"greetings from {self.station.name}"))  # type: ignore[arg-type]


class Stamp(NamedTuple):
    """An effect that replaces what it names, as a register does, in a family of its own."""

    group: int
    replaces: tuple[Dot, ...]
    content: Any


class Reader(body._Reader):
    def effect(self, item: Any, verb: int) -> Effect:
        effect = super().effect(item, verb)
        if isinstance(effect, Unknown) and effect.kind == NUMBER:
            # What breaks the rules of the kind is unknown still: a body that is valid for others is so here (F6).
            with suppress(Malformed):
                group, _, replaces, content = array(item, 4)
                dots = self.dots(replaces)
                need(verb != INSERT or not dots, "an insert that replaces")
                return Stamp(group, dots, value(content))  # type: ignore[return-value]
        return effect


@dataclass
class Row(merge.Row):
    stamps: dict[int, dict[Dot, Any]] = field(default_factory=dict)

    def _apply(self, dot: Dot, effect: Effect) -> None:
        if not isinstance(effect, Stamp):
            return super()._apply(dot, effect)
        siblings = self.stamps.setdefault(effect.group, {})
        for replaced in effect.replaces:
            siblings.pop(replaced, None)
        siblings[dot] = effect.content

    def groups(self) -> Iterator[tuple[int, int, Any]]:
        yield from super().groups()
        for group, siblings in self.stamps.items():
            if siblings:
                yield group, NUMBER, [[*dot, content] for dot, content in sorted(siblings.items())]


class Writer(writing._Writer):
    def _effect(self, effect: Effect) -> list[Any]:
        if isinstance(effect, Stamp):
            return [effect.group, NUMBER, self._dots(effect.replaces), effect.content]
        return super()._effect(effect)


def dots_of(operation: Operation, known: Any = writing.dots_of) -> list[Dot]:
    stamps = [effect for effect in operation.effects if isinstance(effect, Stamp)]
    return known(operation) + [dot for stamp in stamps for dot in stamp.replaces]


def effect_of(item: dict[str, Any], row: Row, draft: Draft, known: Any = writing.effect_of) -> Any:
    if item["kind"] == "stamp":
        return Stamp(item["group"], tuple(row.stamps.get(item["group"], ())), writing.value_of(item["value"]))
    return known(item, row, draft)


def body_content(draft: Draft, operations: Iterable[Operation], known: Any = writing.body_content) -> bytes:
    """The body, with an extension that nobody knows."""
    return encode([*decode(known(draft, operations)), Map([(NUMBER, ["mood", "calm"])])])


def act(self: Station, *acts: list[Any], known: Any = Station._act) -> None:
    """Acts, with one beside them that nobody knows."""
    known(self, *acts, [NUMBER, "an act of tomorrow", [1, None]])


def exchange_parts() -> None:
    """Makes the programs of this process those of the later version."""
    m.OTHERS[NUMBER], m.OTHER_TYPES[Note] = Note, NUMBER  # type: ignore[assignment, index]
    node.Session = Later  # type: ignore[misc]
    Station._act = act  # type: ignore[method-assign]
    body._Reader, writing._Writer = Reader, Writer  # type: ignore[misc]
    merge.Row = writing.Row = Row  # type: ignore[misc]
    writing.dots_of, writing.effect_of, cli.body_content = dots_of, effect_of, body_content  # type: ignore[assignment]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("--versions", type=int, nargs=2, default=Later.versions, metavar=("LOWEST", "HIGHEST"))
    arguments, words = parser.parse_known_args()
    Later.versions = tuple(arguments.versions)  # type: ignore[assignment]
    exchange_parts()
    return cli.main(words)


if __name__ == "__main__":
    raise SystemExit(main())
