"""Programs of today and of a later version in one plant: nothing is lost, and nobody is blamed for what others do not know."""

import argparse
import json
import re
import secrets
import multiprocessing
import sqlite3
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Callable, NamedTuple

from . import messages as m
from .encoding import decode
from .later import NUMBER, exchange_parts
from .log import DATA, ROSTER, Entry
from .plant import PATIENCE, Failed, Folder, Program
from .probes import Probe, answered, n3_no_common_version
from .scenario import Writer
from .station import Station

TICKETS, TITLE = 1, 3
"""A table and a group that gemba knows."""
PRESENCE = (-1, -1)
BLAME = range(m.OTHER_PLANT, m.INVALID + 1)
"""Byes that blame the peer for what it sent."""
Rows = dict[tuple[int, bytes], dict[tuple[int, int], Any]]


def expect(what: str, actual: Any, expected: Any) -> None:
    if actual != expected:
        raise Failed(f"{what}: {actual!r} instead of {expected!r}")


def until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise Failed(f"in vain: {what}")
        time.sleep(0.2)


def together(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor() as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


class Read(NamedTuple):
    """What a program makes of what it holds."""

    root: str
    digest: bytes
    rows: Rows


def read(folder: Path) -> Read:
    replica = Station.open(folder).replica
    rows = {}
    for encoded in replica.state().encoded_rows():
        table, row, presence, groups = decode(encoded)
        rows[table, row] = {PRESENCE: presence, **{(group, family): state for group, family, state in groups}}
    return Read(m.digest(replica.vector(DATA))[:16].hex(), replica.state().digest(), rows)


class Peer:
    """A program of this package, of today or later, with what it has stored and said."""

    def __init__(self, program: Program, reader: ProcessPoolExecutor):
        self.program, self.reader = program, reader
        self.name = program.name.upper()
        self.log = program.folder / f"{program.name}.log"
        self.written = 0

    def entries(self) -> dict[tuple[bytes, int], tuple[bytes, bytes]]:
        """All logs as they are stored: hash and bytes of every entry."""
        with closing(sqlite3.connect(self.program.data / "peer.sqlite", timeout=60)) as store:
            query = "SELECT replica, seq, hash, data FROM entry"
            return {(replica, seq): (entry, data) for replica, seq, entry, data in store.execute(query)}

    def read(self) -> Read:
        """What programs of its version make of its folder."""
        return self.reader.submit(read, self.program.data).result()

    def write(self, *changes: list[dict[str, Any]]) -> None:
        """One change for each list of operations."""
        lines = [json.dumps({"by": self.name, "because": "a check", "operations": change}) for change in changes]
        self.program.call("write", given="\n".join(lines))
        self.written += len(changes)

    # What its daemon has logged, from a place on

    @property
    def mark(self) -> int:
        return len(self.said())

    def said(self, start: int = 0) -> list[str]:
        return self.log.read_text().splitlines()[start:]

    def met(self, start: int = 0) -> set[tuple[str, int]]:
        """With whom it spoke which version."""
        found = (re.match(r"version (\d+) with (\S+), who adds", line) for line in self.said(start))
        return {(match[2], int(match[1])) for match in found if match}

    def byes(self, start: int = 0) -> list[tuple[int, str]]:
        found = (re.match(r"bye (\d+) (?:to|from) (\S+):", line) for line in self.said(start))
        return [(int(match[1]), match[2]) for match in found if match]

    def notes(self) -> set[str]:
        return {line for line in self.said() if line.startswith("note from ")}


def column(table: int, row: str, group: int, *effects: dict[str, Any], verb: str = "edit") -> dict[str, Any]:
    """An operation whose effects are on consecutive groups."""
    numbered = [{"group": group + at, **effect} for at, effect in enumerate(effects)]
    return {"table": table, "row": row, "verb": verb, "effects": numbered}


def everything(word: str) -> list[dict[str, Any]]:
    """Effects of all kinds that an edit may have today."""
    return [
        {"kind": "register", "values": [word, 2.5, None, {"bytes": "00ff"}]}, {"kind": "set", "add": [word, 7]},
        {"kind": "increment", "delta": len(word)}, {"kind": "text", "at": 0, "insert": f"{word} 現場"},
    ]  # fmt: skip


def stamp(word: str) -> dict[str, Any]:
    return {"kind": "stamp", "value": word}


def stamps(rows: Rows, table: int, row: str, group: int) -> set[str]:
    return {content for _, _, content in rows[table, bytes.fromhex(row)].get((group, NUMBER), [])}


def today(rows: Rows) -> Rows:
    """The rows without the family that only later programs know."""
    return {name: {at: state for at, state in row.items() if at[1] != NUMBER} for name, row in rows.items()}


def unknown_parts(peer: Peer) -> tuple[int, int]:
    """How many of its bodies have an extension, and acts are of a kind, that nobody of today knows."""
    extensions = acts = 0
    replica = Station.open(peer.program.data).replica
    replica.roster()
    for name, log in replica.logs.items():
        for seq, data in enumerate(log.data[1:], 1):
            entry = Entry.decode(data, False, log.kind == ROSTER, name)
            key = replica.epoch_keys[entry.seal.epoch] if entry.seal else None
            content = decode(entry.content(name, seq, log.hashes[seq - 1], key))
            if log.kind == ROSTER:
                acts += content[5][1:] == [[NUMBER, "an act of tomorrow", [1, None]]]
            else:
                extensions += content[7:] == [((NUMBER, ["mood", "calm"]),)]
    return extensions, acts


class Versions:
    """A and a relay are programs of today in Swift, OLD is one in Python; X, Y, Z and W are of later."""

    def __init__(self, folder: Folder, today: ProcessPoolExecutor, tomorrow: ProcessPoolExecutor):
        self.folder, self.tomorrow = folder, tomorrow
        self.a, self.relay = folder.station("a"), folder.relay("relay")
        self.old = Peer(folder.peer("old"), today)
        self.x, self.y, self.z = self.later = [Peer(folder.later(name), tomorrow) for name in "xyz"]
        self.row = secrets.token_hex(16)
        self.number = self.ticket = ""

    def play(self) -> None:
        self.meet()
        self.write_apart()
        self.restart()
        self.link_directly()
        self.refuse()
        self.update()
        self.blames_nobody()
        for program in self.folder.programs:
            program.stop()
        self.look_back()

    # What holds whenever all hold the same

    def converge(self, what: str, later: list[Peer] | None = None) -> Rows:
        """Waits until all hold the same logs, and compares what they make of them: the rows of later programs."""
        later = later or self.later
        self.exchange(what, [self.old, *later])
        old, *others = (peer.read() for peer in (self.old, *later))
        expect(f"{what}: the digest of A, and OLD's", self.a.digest(), old.digest.hex())
        for peer, known in zip(later, others):
            expect(f"{what}: the rows of {peer.name}", known.rows, others[0].rows)
        expect(f"{what}: what OLD knows of the rows", old.rows, today(others[0].rows))
        # In the digest is the family of stamps where it is known.
        is_equal = old.rows == others[0].rows
        expect(f"{what}: whether all digests are equal", {old.digest == known.digest for known in others}, {is_equal})
        print(f"{what}: {len(later)} of later and 3 of today agree on {len(old.rows)} rows", flush=True)
        return others[0].rows

    def exchange(self, what: str, peers: list[Peer]) -> None:
        """Waits until all hold the same entries, byte by byte; of A and the relay roots tell."""
        until(f"{what}: the same logs", lambda: self.hold_the_same(peers))

    def hold_the_same(self, peers: list[Peer]) -> bool:
        entries = peers[0].entries()
        if any(peer.entries() != entries for peer in peers[1:]):
            return False
        return {*together(self.a.root, self.relay.root)} == {peers[0].read().root}

    def blames_nobody(self) -> None:
        """Whether A and the relay have turned nothing away since they were started."""
        for program in (self.a, self.relay):
            status = program.status()
            refused = {name: status["refused"][name] for name in ("frames", "messages", "sessions")}
            expect(f"what {program.name} refused", refused, {"frames": 0, "messages": 0, "sessions": 0})
            expect(f"what {program.name} quarantined", status["quarantined"], 0)

    def shows(self, title: str, labels: list[str]) -> None:
        """What A shows of the ticket to which programs of later wrote."""
        tickets = json.loads(self.a.call("ticket", "list", "--json"))
        ticket = next(ticket for ticket in tickets if ticket["number"] == self.number)
        expect("the title at A", ticket["title"], title)
        expect("the labels at A", sorted(ticket["labels"]), sorted(labels))
        expect("the conflicts at A: one title, and no column that it does not know", self.a.status()["conflicts"], 1)
        for words in (("ticket", "show"), ("history", "ticket"), ("why", "ticket")):
            self.a.call(*words, self.number)

    # The course

    def start(self) -> None:
        """OLD reaches A through the relay. Programs of later, which dial one of these, are linked to no other."""
        self.old.program.start()
        self.relay.start(self.old.program)
        self.a.start(self.relay)

    def stop(self) -> None:
        self.blames_nobody()
        self.old.program.stop()
        self.relay.stop()
        self.a.stop(kill=True)

    def join(self, program: Program) -> None:
        role, timeout = ("relay", "2m") if program is self.relay else ("station", "120")
        name = program.name.upper()
        token = self.a.call("invite", "--role", role, "--name", name, "--endpoint", self.a.endpoint)
        program.call("join", "--timeout", timeout, given=token)

    def meet(self) -> None:
        self.a.call("init", "--plant", "Works 4", "--station", "A")
        self.a.start(self.relay)
        together(*(partial(self.join, program) for program in self.folder.programs[1:]))
        self.a.stop()
        self.start()
        self.x.program.start(self.a)
        self.y.program.start(self.a)
        self.z.program.start(self.old.program)
        printed = self.a.call("report", "label printer dead", "--label", "red", "--by", "ewa")
        self.number, self.ticket = printed.split()[:2]
        made = {"kind": "fact", "values": ["made"]}
        self.x.write([column(NUMBER, self.row, 1, *everything("x"), made, verb="insert")])
        self.exchange("a ticket, and a row of a new table", [self.old, *self.later])
        together(
            partial(self.y.write, [column(NUMBER, self.row, 1, *everything("y"))]),
            partial(self.z.write, [column(TICKETS, self.ticket, NUMBER, *everything("z"))]),
        )
        rows = self.converge("a table and columns that programs of today do not know")
        row, ticket = rows[NUMBER, bytes.fromhex(self.row)], rows[TICKETS, bytes.fromhex(self.ticket)]
        expect("the column of Z", ticket[NUMBER, 0][0][2:], ["z", 2.5, None, b"\0\xff"])
        expect("elements", {element for element, _ in row[2, 1]}, {"x", "y", 7})
        if self.x.read().digest != self.old.read().digest:
            raise Failed("new tables and columns change the digest")

    def write_apart(self) -> None:
        """Nobody reaches anybody, and all write to the same ticket."""
        self.stop()
        self.a.call("ticket", "set", self.number, "--title", "label printer prints blanks", "--by", "ewa")
        self.a.call("ticket", "label", self.number, "--add", "blue", "--by", "ewa")
        Writer(self.old.program).relabel("label printer dead", "green")
        together(*(partial(self.edit, peer) for peer in self.later))
        self.start()
        rows = self.converge("written apart, with effects that programs of today do not know")
        expect("the stamps", stamps(rows, TICKETS, self.ticket, TITLE), {"X", "Y", "Z"})
        siblings = {values[0] for _, _, *values in rows[TICKETS, bytes.fromhex(self.ticket)][NUMBER, 0]}
        expect("the columns that were written apart", siblings, {"X", "Y", "Z"})
        found = unknown_parts(self.old)
        expect("extensions of bodies, and acts, that OLD keeps", found, (sum(peer.written for peer in self.later), 3))
        for peer in self.later:
            if peer.program.endpoint not in self.old.program.call("members"):
                raise Failed(f"OLD does not know where {peer.name} listens: that act stands beside an unknown one")
        self.shows("label printer dead, says green", ["blue", "green", "red"])

    def edit(self, peer: Peer) -> None:
        """Columns, and stamps in a group that programs of today know and in a new one: the second replaces the first."""
        peer.write(
            [column(TICKETS, self.ticket, NUMBER, *everything(peer.name))],
            [column(TICKETS, self.ticket, TITLE, stamp(f"{peer.name} at first"))],
            [column(TICKETS, self.ticket, TITLE, stamp(peer.name)), column(NUMBER, self.row, 9, stamp(peer.name))],
        )

    def restart(self) -> None:
        """Programs of today are ended, one of them at once, and go on with what they had."""
        before, shown = self.old.entries(), self.a.call("ticket", "show", self.number, "--json")
        self.stop()
        self.y.write([column(TICKETS, self.ticket, TITLE, stamp("settled"))])
        self.x.write([column(NUMBER + 1, secrets.token_hex(16), 1, stamp("x"), *everything("x"), verb="insert")])
        self.a.call("report", "scanner beeps twice", "--by", "jan")
        self.start()
        rows = self.converge("started again")
        expect("the stamp that replaces all", stamps(rows, TICKETS, self.ticket, TITLE), {"settled"})
        expect("the ticket at A, before and after", self.a.call("ticket", "show", self.number, "--json"), shown)
        expect("what OLD had and has not", before.items() - self.old.entries().items(), set())
        newcomer = Peer(self.folder.later("w"), self.tomorrow)
        self.join(newcomer.program)
        newcomer.program.start(self.a)
        self.later.append(newcomer)
        self.converge("with a newcomer, who has met A alone")
        self.shows("label printer dead, says green", ["blue", "green", "red"])
        for program in (self.a, self.relay):
            print(f"{program.name}: {program.call('verify').splitlines()[-1]}", flush=True)

    def link_directly(self) -> None:
        for peer, others in ((self.x, {"A"}), (self.y, {"A"}), (self.z, {"OLD"}), (self.old, {"RELAY", "Z"})):
            expect(f"whom {peer.name} has met", peer.met(), {(name, 1) for name in others})
        expect("notes before", [peer.notes() for peer in self.later], [set()] * 4)
        # Where X listens A has from an act beside an unknown one.
        for name in ("X", "OLD"):
            expect("rows compared", self.a.call("diff", name), f"All rows are equal here and at {name}.")
        self.y.program.stop()
        self.y.program.start(self.a, self.x.program)
        until("X and Y send notes", lambda: bool(self.x.notes() and self.y.notes()))
        expect("notes to X", self.x.notes(), {"note from Y: greetings from Y"})
        expect("notes to Y", self.y.notes(), {"note from X: greetings from X"})
        expect("whom Y has met", self.y.met(), {("A", 1), ("X", 2)})
        if f"version 2 with Y, who adds ['later', [{NUMBER}, ((1, None),)]]" not in self.x.said():
            raise Failed("what Y adds to its hello is not read by X")
        print("linked directly: notes and versions are exchanged, and A finds equal rows", flush=True)

    def refuse(self) -> None:
        """Z speaks version 2 alone, as a version of much later may."""
        others = [peer for peer in self.later if peer is not self.z]
        marks = [(peer, peer.mark) for peer in others]
        z, words = self.z.program, self.z.program.words
        z.stop()
        # Refusals cross, and Z may close the link before it reads what the other says.
        for program in (self.a, self.old.program):
            key = program.status()["transportKey"] if program is self.a else program.call("key")
            probe = Probe(Station.open(z.data), program.endpoint, bytes.fromhex(key))
            expect(f"how {program.name} refuses", answered(n3_no_common_version, probe), None)
            probe.context.destroy(linger=0)
        mark = self.z.mark
        z.words = [*words, "--versions", "2", "2"]
        self.z.write([column(TICKETS, self.ticket, TITLE, stamp("by version 2"))])
        z.start(self.a, self.old.program)
        until("Z is refused again and again", lambda: all(
            self.z.byes(mark).count((m.NO_VERSION, name)) > 2 for name in ("A", "OLD")
        ))  # fmt: skip
        self.a.call("report", "conveyor 2 stands", "--by", "ewa")
        rows = self.converge("without Z", others)
        expect("the stamp without Z", stamps(rows, TICKETS, self.ticket, TITLE), {"settled"})
        expect("whom Z has met", self.z.met(mark), set())
        # It speaks to who speaks both, and so its changes come to all.
        z.stop()
        mark = self.z.mark
        z.start(self.a, self.old.program, self.y.program)
        rows = self.converge("through Y, who speaks both versions")
        expect("the stamp by Z", stamps(rows, TICKETS, self.ticket, TITLE), {"by version 2"})
        expect("whom Z has met", self.z.met(mark), {("Y", 2)})
        for peer, start in marks:
            beside = [line for line in peer.said(start) if not line.startswith(("version 2 with Z,", "note from Z:"))]
            expect(f"what befell {peer.name} beside Z", beside, [])
        z.stop()
        z.words = words
        self.z.write([column(TICKETS, self.ticket, TITLE, stamp("by both"))])
        z.start(self.old.program)
        rows = self.converge("with Z, which speaks both versions again")
        expect("the stamp by Z", stamps(rows, TICKETS, self.ticket, TITLE), {"by both"})

    def update(self) -> None:
        """OLD becomes a program of later, which knows effects that it kept (F6)."""
        mark = self.z.mark
        self.old.program.stop()
        self.old.program.words, self.old.reader = self.x.program.words, self.tomorrow
        expect("what OLD makes of what it kept", self.old.read(), self.x.read())
        self.old.program.start()
        until("Z meets OLD, updated", lambda: "note from OLD: greetings from OLD" in self.z.notes())
        expect("the version", self.z.met(mark), {("OLD", 2)})
        self.exchange("updated", [self.old, *self.later])
        print("updated: the rows of OLD are those of later", flush=True)

    def look_back(self) -> None:
        """Nobody was blamed for anything, and only Z and those it met were without a common version."""
        for peer in (self.old, *self.later):
            blamed = [line for line in peer.said() if re.match(rf"bye [{BLAME[0]}-{BLAME[-1]}] |.* differs$", line)]
            expect(f"faults in the log of {peer.name}", blamed, [])
            refused = {name for code, name in peer.byes() if code == m.NO_VERSION}
            expect(f"whose version {peer.name} does not speak", refused, REFUSED.get(peer.name, set()))
        for program in (self.a, self.relay):
            log = (self.folder.folder / f"{program.name}.log").read_text()
            expect(f"sessions that {program.name} refused", log.count("session refused"), 0)


REFUSED = {"Z": {"A", "OLD"}, "OLD": {"Z"}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, required=True, help="the folder of gemba and gemba-relay")
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder")
    arguments = parser.parse_args()
    folder = Folder(arguments.binaries, arguments.folder)
    try:
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(1, fork) as today, ProcessPoolExecutor(1, fork, exchange_parts) as tomorrow:
            Versions(folder, today, tomorrow).play()
    except Failed as failure:
        print(f"versions: {failure}\n{folder.tails()}", file=sys.stderr)
        return 1
    finally:
        folder.end()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
