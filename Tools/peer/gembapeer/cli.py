"""The commands of the peer."""

import argparse
import json
import logging
import signal
import sys
import time
from pathlib import Path
from typing import Any

from . import bundle, vectors
from .acts import Token
from .encoding import Malformed, decode
from .log import DATA, ROSTER, Entry
from .messages import digest
from .node import Dialled, Node
from .station import Draft, Station
from .writing import body_content, operations_of

PROTOCOL = Path(__file__).resolve().parents[3] / "Protocol"


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="gembapeer", description="A second implementation of the Gemba protocol.")
    commands = parser.add_subparsers(dest="command", required=True)
    joining = commands.add_parser("join", help="become a member with the token of an invitation")
    joining.add_argument("--token-file", type=Path, help="the file with the token; standard input if not given")
    joining.add_argument("--name", help="the name of this station, if not the one that the invitation suggests")
    joining.add_argument("--timeout", type=float, default=120)
    running = commands.add_parser("run", help="keep in step with others until stopped")
    running.add_argument("--listen", action="append", default=[], metavar="ENDPOINT")
    running.add_argument("--peer", action="append", default=[], metavar="ENDPOINT[#KEY]")
    syncing = commands.add_parser("sync", help="run until a peer has shown equal vectors")
    syncing.add_argument("--peer", action="append", default=[], metavar="ENDPOINT[#KEY]", required=True)
    syncing.add_argument("--timeout", type=float, default=120)
    commands.add_parser("write", help="make a change for each JSON line on standard input")
    for name, words in (
        ("digest", "print the digest of all merge states"), ("root", "print the root digest of the data logs"),
        ("vector", "print the vectors of roster and data"), ("rows", "print the merge states"),
        ("key", "print the transport key"), ("members", "print the members"),
    ):  # fmt: skip
        commands.add_parser(name, help=words)
    bundles = commands.add_parser("bundle", help="carry changes in a file").add_subparsers(dest="action", required=True)
    writing = bundles.add_parser("write", help="write what is held into a new file")
    writing.add_argument("--since", help="an earlier bundle, or a member: what their reader holds is left out")
    reading = bundles.add_parser("read", help="take what a bundle has, as from a peer")
    for command in (writing, reading):
        command.add_argument("file", type=Path)
    leaves = [command for name, command in commands.choices.items() if name != "bundle"]
    for command in (*leaves, writing, reading):
        command.add_argument("--data", type=Path, required=True, help="the data folder")
    commands.add_parser("vectors", help="run the test vectors").add_argument(
        "--folder", type=Path, default=PROTOCOL / "vectors"
    )
    arguments = parser.parse_args(given)
    try:
        return int(COMMANDS[arguments.command](arguments) or 0)
    except (Malformed, bundle.Refused, OSError, ValueError, KeyError) as error:
        print(f"gembapeer: {error}", file=sys.stderr)
        return 1


def _join(arguments: argparse.Namespace) -> int:
    printed = arguments.token_file.read_text() if arguments.token_file else sys.stdin.read()
    token = Token.parse(printed)
    station = Station.join(arguments.data, token, arguments.name)
    node = Node(station, [], [Dialled(endpoint, key) for endpoint, key in token.routes])
    # Both sides must know: a member that nobody has heard of cannot dial anybody else.
    if not node.agree(time.monotonic() + arguments.timeout):
        print("gembapeer: nobody admitted this station in time", file=sys.stderr)
        return 6
    node.close()
    print(f"joined {station.replica.roster().plant_name!r} as {station.name}")
    return 0


def _run(arguments: argparse.Namespace) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    station = Station.open(arguments.data)
    node = Node(station, arguments.listen, _dialled(arguments.peer))
    if arguments.listen and station.is_member:
        station.state_endpoints(arguments.listen)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            node.step()
    except (KeyboardInterrupt, SystemExit):
        node.close()


def _sync(arguments: argparse.Namespace) -> int:
    station = Station.open(arguments.data)
    node = Node(station, [], _dialled(arguments.peer))
    is_agreed = node.agree(time.monotonic() + arguments.timeout)
    node.close()
    print("the vectors are equal" if is_agreed else "the vectors are not equal yet")
    return 0 if is_agreed else 6


def _dialled(peers: list[str]) -> list[Dialled]:
    parts = [peer.partition("#") for peer in peers]
    return [Dialled(endpoint, bytes.fromhex(key) if key else None) for endpoint, _, key in parts]


def _write(arguments: argparse.Namespace) -> None:
    station = Station.open(arguments.data)
    for line in sys.stdin:
        if line.strip():
            change: dict[str, Any] = json.loads(line)

            def compose(draft: Draft, change: dict[str, Any] = change) -> Entry:
                content = body_content(draft, operations_of(draft, change.get("operations", [])))
                return Entry(draft.deps, None, 0, content)

            epoch_key = station.replica.newest_epoch(is_usable=True)
            ref = station.write(change.get("by", ""), change.get("because", ""), compose, epoch_key)
            print(f"{ref.replica.hex()} {ref.seq}")


def _bundle(arguments: argparse.Namespace) -> int:
    station = Station.open(arguments.data)
    if arguments.action == "write":
        print(bundle.write(station, arguments.file, bundle.claimed(station.replica, arguments.since)))
        return 0
    status, lines = bundle.read(station, arguments.file)
    print("\n".join(lines))
    return status


def _digest(arguments: argparse.Namespace) -> None:
    print(Station.open(arguments.data).replica.state().digest().hex())


def _root(arguments: argparse.Namespace) -> None:
    print(digest(Station.open(arguments.data).replica.vector(DATA))[:16].hex())


def _vector(arguments: argparse.Namespace) -> None:
    station = Station.open(arguments.data)
    for kind in (ROSTER, DATA):
        for ref in station.replica.vector(kind):
            print(kind, ref.replica.hex(), ref.seq, ref.prefix.hex())


def _rows(arguments: argparse.Namespace) -> None:
    """A line of JSON for each row, with bytes as in `write`."""
    for row in Station.open(arguments.data).replica.state().encoded_rows():
        print(json.dumps(decode(row), default=lambda data: {"bytes": data.hex()}, ensure_ascii=False))


def _key(arguments: argparse.Namespace) -> None:
    print(Station.open(arguments.data).transport.hex())


def _members(arguments: argparse.Namespace) -> None:
    for member in Station.open(arguments.data).replica.roster().members.values():
        print(member.member.name, member.member.role, member.depth, *member.endpoints)


def _vectors(arguments: argparse.Namespace) -> int:
    return vectors.main(arguments.folder)


COMMANDS = {
    "join": _join, "run": _run, "sync": _sync, "write": _write, "digest": _digest, "root": _root, "vector": _vector,
    "rows": _rows, "bundle": _bundle, "key": _key, "members": _members, "vectors": _vectors,
}  # fmt: skip
