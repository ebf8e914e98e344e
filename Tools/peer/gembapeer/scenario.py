"""Plants of gemba stations, a relay and peers of this package: one cut apart and healed, and one without links."""

import argparse
import sys
from pathlib import Path

from . import courier
from .plant import Failed, Folder, Program, Writer, agree


def play(folder: Folder) -> None:
    a, b, relay = folder.station("a"), folder.station("b"), folder.relay("relay")
    python, late = folder.peer("python"), folder.peer("late")
    a.call("init", "--plant", "Works 3", "--station", "A")
    # Who is told whom to dial dials nobody else: A and the peer dial each other, and one of the two links is too many.
    a.start(python)
    for program, role in ((python, "station"), (b, "station"), (relay, "relay")):
        join(a, program, role)
    writer = Writer(python)

    # The peer stands in the middle: what A and B tell each other passes through it.
    python.start(a)
    b.start(python)
    relay.start(python)
    printed = a.call("report", "label printer dead", "--at", "L3-PRN2", "--by", "ewa", "--label", "red")
    number = printed.split()[0]
    b.call("report", "scanner beeps twice", "--by", "jan")
    row, doomed = writer.insert(), writer.insert()
    agree("linked", [a, b, relay, python])

    # Cut: nobody reaches anybody, and all write, also to the same rows.
    python.stop()
    a.call("ticket", "set", number, "--title", "label printer prints blanks", "--by", "ewa")
    a.call("ticket", "label", number, "--add", "blue", "--remove", "red", "--by", "ewa")
    b.call("ticket", "set", number, "--title", "printer broken", "--by", "jan")
    b.call("ticket", "ack", number, "--by", "jan")
    writer.relabel("label printer dead", "green")
    writer.edit(row, "first")
    writer.edit(row, "counted")
    writer.delete(doomed)
    if len({program.digest() for program in (a, b, python)}) != 3:
        raise Failed("cut: some agree that cannot know of each other")
    python.start(a, relay)
    agree("healed", [a, b, relay, python])

    # Killed, without a goodbye and while others write.
    python.stop(kill=True)
    a.stop(kill=True)
    a.call("ticket", "note", number, "ordered a new fuser", "--by", "ewa")
    b.call("ticket", "label", number, "--add", "urgent", "--by", "jan")
    writer.edit(row, "after")
    a.start(python)
    python.start(a)
    agree("killed and started again", [a, b, relay, python])
    conflicts = a.status()["conflicts"]
    if conflicts < 1:
        raise Failed("three titles that were written apart are no conflict at A")

    # A newcomer gets everything from A, in A's order; then the roots of its rounds are those of A.
    join(a, late, "station")
    Writer(late).edit(row, "late")
    print(f"late and a: {late.call('sync', '--peer', a.endpoint)}", flush=True)
    agree("with a newcomer", [a, b, relay, python, late])
    for program in (a, b, relay):
        print(f"{program.name}: {program.call('verify').splitlines()[-1]}", flush=True)
    counted = {program.name: program.status()["changes"] for program in (a, b)}
    held = [int(line.split()[2]) for line in python.call("vector").splitlines() if line.startswith("0 ")]
    if set(counted.values()) != {sum(held)}:
        raise Failed(f"changes held: {counted}, and {sum(held)} at the peer")
    print(f"{sum(held)} changes in {len(held)} logs everywhere, {conflicts} conflicts that people must settle")


def join(inviter: Program, program: Program, role: str) -> None:
    """Enrols a program with a token that it reads from standard input."""
    name = program.name.upper()
    token = inviter.call("invite", "--role", role, "--name", name, "--endpoint", inviter.endpoint)
    program.call("join", "--timeout", "120" if program.words[0] == sys.executable else "2m", given=token)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, required=True, help="the folder of gemba and gemba-relay")
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder")
    arguments = parser.parse_args()
    folder = Folder(arguments.binaries, arguments.folder)
    try:
        play(folder)
        courier.play(folder)
    except Failed as failure:
        print(f"scenario: {failure}\n{folder.tails()}", file=sys.stderr)
        return 1
    finally:
        folder.end()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
