"""A plant that no link joins: a gemba station and peers of this package that only exchange bundles (09-bundle)."""

from pathlib import Path
from typing import Any, Callable

from . import bundle
from .encoding import decode
from .plant import Failed, Folder, Program, Writer

COMPLETE, CUT, NO_BUNDLE, LACKING, FOREIGN = range(5)
BULK, BULK_BYTES = 8, 100_000
"""So many changes of so many bytes fill several pieces."""


class Stick:
    """What is carried: files with names of their own."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()

    def write(self, writer: Program, *since: str | Path) -> Path:
        """What a program writes into a file of its own."""
        path = self.folder / f"{len(list(self.folder.iterdir()))}.{writer.name}"
        writer.call("bundle", "write", str(path), *(("--since", str(*since)) if since else ()))
        return path

    def forge(self, path: Path, data: bytes) -> Path:
        """Another file, with something else in it than was written."""
        forged = path.with_name(f"{len(list(self.folder.iterdir()))}.forged")
        forged.write_bytes(data)
        return forged


def read(reader: Program, path: Path, status: int = COMPLETE) -> str:
    return reader.call("bundle", "read", str(path), status=status)


def same(what: str, *programs: Program) -> None:
    """Whether all hold the same, now: nothing is on its way."""
    held = {(program.root(), program.digest()) for program in programs}
    if len(held) != 1:
        raise Failed(f"{what}: {' and '.join(program.name for program in programs)} hold different things")
    print(f"{what}: {len(programs)} programs agree on {held.pop()[1][:16]}", flush=True)


def unchanged(what: str, reader: Program, path: Path, status: int) -> None:
    """A file that a reader takes nothing from."""
    before = reader.root(), reader.digest()
    read(reader, path, status)
    if (reader.root(), reader.digest()) != before:
        raise Failed(f"{what}: {reader.name} is changed")


def play(folder: Folder) -> None:
    stick = Stick(folder.folder / "stick")
    office, island, outpost = folder.station("office"), folder.peer("island"), folder.peer("outpost")
    office.call("init", "--plant", "Islands", "--station", "OFFICE")
    number = office.call("report", "crane stands still", "--at", "PIER", "--by", "ewa", "--label", "red").split()[0]
    enrol(stick, office, island)
    first = stick.write(office)
    same("joined by a stick", office, island)

    # Both write apart, and each is sent what the other's last bundle shows it to lack.
    writer = Writer(island)
    writer.relabel("crane stands still", "green")
    row = writer.insert()
    office.call("ticket", "label", number, "--add", "blue", "--remove", "red", "--by", "ewa")
    news = stick.write(island, first)
    read(office, news)
    read(island, stick.write(office, news))
    same("what followed", office, island)
    for reader in (office, island):
        for path in (first, news):
            unchanged("read twice", reader, path, COMPLETE)

    restore(stick, office, "replica.sqlite", lambda: relabel(office, number), island)
    restore(stick, island, "peer.sqlite", lambda: writer.edit(row, "again"), office)
    enrol(stick, office, outpost)
    damage(folder, stick, writer, office, island)
    resume(stick, writer, row, office, island, outpost)


def enrol(stick: Stick, office: Program, joiner: Program) -> None:
    """The join travels on a stick, too, and what could not be read before is read then (05-roster §6)."""
    name = joiner.name.upper()
    token = office.call("invite", "--role", "station", "--name", name, "--endpoint", joiner.endpoint)
    joiner.call("join", "--timeout", "0", given=token, status=6)
    before = stick.write(office)
    # Nobody has given it the key of anything yet.
    read(joiner, before, LACKING)
    read(office, stick.write(joiner))
    read(joiner, stick.write(office))


def relabel(office: Program, number: str) -> None:
    office.call("ticket", "label", number, "--add", "again", "--by", "ewa")


def restore(stick: Stick, writer: Program, database: str, change: Callable[[], None], reader: Program) -> None:
    """What only a stick has seen has been seen: a database of before goes on in a log of its own (U13)."""
    path = writer.data / database
    before = path.read_bytes()
    change()
    gone = stick.write(writer)
    path.write_bytes(before)
    change()
    after = stick.write(writer)
    if len(bundle.end_of(after)) != len(bundle.end_of(gone)) + 1:
        raise Failed(f"{writer.name} has given a name to a second content")
    read(reader, gone)
    read(reader, after)
    read(writer, gone)
    same("restored", writer, reader)


def damage(folder: Folder, stick: Stick, writer: Writer, office: Program, island: Program) -> None:
    """What is damaged, forged or of another plant takes nothing with it but what came before (U3, U6, U15)."""
    other = folder.station("other")
    other.call("init", "--plant", "Elsewhere", "--station", "OTHER")
    foreign = stick.write(other)
    mark = stick.write(office)
    writer.insert()
    news = stick.write(island, mark)
    office.call("report", "lamp out", "--at", "PIER", "--by", "jan")
    theirs = stick.write(office, mark)
    unchanged("another plant", other, news, FOREIGN)
    for reader, path in ((office, news), (island, theirs)):
        data = path.read_bytes()
        unchanged("another plant", reader, foreign, FOREIGN)
        unchanged("another beginning", reader, stick.forge(path, b"\0" + data), NO_BUNDLE)
        unchanged("a flipped bit", reader, stick.forge(path, data[:-40] + bytes((data[-40] ^ 1,)) + data[-39:]), CUT)
        unchanged("a forged head", reader, stick.forge(path, forged_head(path)), CUT)
        read(reader, path)
    same("damaged, forged and then whole", office, island)


def forged_head(path: Path) -> bytes:
    """A bundle whose checks fit, and whose last run nobody signed."""
    with path.open("rb") as file:
        items: list[Any] = [decode(content) for content in bundle.contents(file)]
    items[-2][1][-1][4] = bytes(64)
    return bundle.BEGINNING + b"".join(bundle.pieces(items))


def resume(stick: Stick, writer: Writer, row: str, office: Program, island: Program, outpost: Program) -> None:
    """A part of a bundle is taken, and the whole one brings the rest; what builds on a part that never came waits."""
    mark = stick.write(island)
    writer.bulk(BULK, BULK_BYTES)
    bulk = stick.write(island, mark)
    take_in_parts(stick, office, bulk)
    same("cut off, and read again", office, island)
    after = stick.write(office)
    writer.edit(row, "after")
    late = stick.write(island, after)
    # The outpost has nothing of the bulk.
    lacking = read(outpost, late, LACKING)
    if "lacks" not in lacking or " 1 left out" not in lacking:
        raise Failed(f"outpost does not say what it lacks: {lacking}")
    take_in_parts(stick, outpost, after)
    read(outpost, late)
    same("what waited", island, outpost)
    read(office, stick.write(outpost, "OFFICE"))
    same("carried on", office, island, outpost)


def take_in_parts(stick: Stick, reader: Program, path: Path) -> None:
    """Half of a bundle changes something, and is not all."""
    before = reader.root()
    data = path.read_bytes()
    read(reader, stick.forge(path, data[: len(data) // 2]), CUT)
    middle = reader.root()
    read(reader, path)
    if len({before, middle, reader.root()}) != 3:
        raise Failed(f"{reader.name} took nothing of half a bundle, or all")
