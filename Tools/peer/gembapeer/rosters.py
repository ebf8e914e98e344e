"""Random rosters: acts in good order and in bad, by members and by those who would like to be, folded by both programs."""

import argparse
import json
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import keys
from .acts import (
    ADMIT, CLOSE, ENDPOINTS, EPOCH, INVITE, JOIN, LAPSE, POLICY, RE_KEY, REINSTATE, RETIRE, RETURN, REVOKE, parse_printed,
    what_a_join_signs,
)  # fmt: skip
from .differential import Plant
from .encoding import encode
from .fields import Ref
from .fields import Replica as Name
from .histories import give
from .log import DATA, ROSTER, Entry, Genesis
from .node import Node
from .plant import PATIENCE
from .replica import Replica
from .station import Station, clock_reading

NAMES = ["L3", "press-4", "現場", "x" * 64, "two words", "", "a\u200bb", "e\u0301"]
ENDPOINT_LISTS = [
    ["tcp://192.0.2.1:1"], [], ["tcp://192.0.2.2:2", "ipc://x"], ["e"] * 8, ["e"] * 9, ["with space"], [""], ["é"],
    ["e" * 255], ["e" * 256],
]  # fmt: skip


@dataclass
class Actor:
    """Somebody who writes a roster log, whatever that is worth."""

    replica: Replica
    seed: bytes
    log: Name

    def write(self, acts: list[Any], skew: int = 0) -> Ref:
        """An entry with these acts, whose lamport number is wrong by `skew`."""
        held = self.replica.logs[self.log]
        deps = self.replica.frontier(ROSTER, self.log)
        lamport = 1 + max(held.lamports[-1], self.replica.lamport(deps)) + skew
        body = encode([clock_reading(0), lamport, 0, "py", "", acts])
        self._append(self.log, [Entry(deps, None, 0, body)])
        return held.ref(self.log, len(held.hashes) - 1)

    def _append(self, name: Name | None, entries: list[Entry]) -> Name:
        with self.replica.store.transaction():
            name = self.replica.append(name, entries, self.seed)
            self.replica.refresh()
        return name

    def continue_in_a_new_log(self) -> None:
        """As a station does that lost its log to a restored backup (05-roster §1)."""
        held = self.replica.logs[self.log]
        before = (held.ref(self.log, len(held.hashes) - 1),)
        station, deps = keys.signing_public(self.seed), self.replica.frontier(ROSTER, None)
        genesis = Genesis(ROSTER, self.replica.plant, station, secrets.token_bytes(16), 1, before, deps, None)
        body = encode([clock_reading(0), 1 + self.replica.lamport(deps), 0, "py", "", [[ENDPOINTS, 9, ["tcp://n:1"]]]])
        self.log = self._append(None, [Entry((), None, 0, genesis.encoded()), Entry(deps, None, 0, body)])


class Scene:
    """One history of a roster."""

    def __init__(self, seed: int, stations: list[Station], recovery: bytes, kinds: Counter[str]):
        self.random, self.kinds, self.recovery = random.Random(seed), kinds, recovery
        self.actors = [Actor(station.replica, station.seed, station.roster_log) for station in stations]
        self.secrets: list[tuple[bytes, int, Actor]] = []
        self.logs: list[Name] = [actor.log for actor in self.actors]
        self.stations = [keys.signing_public(actor.seed) for actor in self.actors]
        self.removals: dict[bytes, list[Ref]] = {}

    def run(self) -> None:
        self._write(self.actors[0], [self._invite(self.actors[0])])
        for _ in range(self.random.randint(10, 30)):
            chance = self.random.random()
            members = self.actors[0].replica.roster().members
            standing = [a for a in self.actors if keys.signing_public(a.seed) in members]
            actor = self.random.choice(self.actors if self.random.random() < 0.2 else standing)
            if chance < 0.35:
                source, target = self.random.sample(self.actors, 2)
                give(source.replica, target.replica, self.random.choice((1, 3, 1000)))
            elif chance < 0.55 and self.secrets:
                self._join(actor)
            elif chance < 0.61:
                self._recover(actor)
            elif chance < 0.64:
                actor.continue_in_a_new_log()
                self.kinds["continue"] += 1
            else:
                self._write(actor, [self._act(actor) for _ in range(self.random.choice((1, 1, 1, 2, 3)))])

    def _recover(self, friend: Actor) -> None:
        """Somebody uses the recovery key, in a log of its own (05-roster §1)."""
        replica, key = Replica.in_memory(friend.replica.plant), keys.signing_public(self.recovery)
        give(friend.replica, replica, 10**6)
        deps = replica.frontier(ROSTER, None)
        genesis = Genesis(ROSTER, replica.plant, key, secrets.token_bytes(16), 1, (), deps, None)
        actor = Actor(replica, self.recovery, b"")
        actor.log = actor._append(None, [Entry((), None, 0, genesis.encoded())])
        self.actors.append(actor)
        if key not in self.stations:
            self.stations.append(key)
        self._write(actor, [self._act(actor) for _ in range(self.random.choice((1, 2, 3)))])
        self.kinds["recovery"] += 1

    def _write(self, actor: Actor, acts: list[Any]) -> None:
        for act in acts:
            self.kinds[f"act {act[0]}"] += 1
        ref = actor.write(acts, skew=self.random.choice((0,) * 12 + (1,)))
        for act in acts:
            if act[0] in (REVOKE, RETIRE) and len(act) == 3:
                self.removals.setdefault(act[1], []).append(ref)

    def _invite(self, actor: Actor) -> list[Any]:
        secret, role = secrets.token_bytes(32), self.random.choice((0, 0, 1, 2, 3, 3))
        self.secrets.append((secret, role, actor))
        return [INVITE, keys.signing_public(secret), role, "", 86400]

    def _act(self, actor: Actor) -> list[Any]:
        key = keys.signing_public(self.random.choice(self.secrets)[0])
        match self.random.randrange(14):
            case 0 | 1:
                return self._invite(actor)
            case 2:
                return [CLOSE, key]
            case 3:
                return [ADMIT, self.random.choice(self.logs)]
            case 4:
                return [ENDPOINTS, self.random.choice((0, 1, 1, 2, 2**63 - 1)), self.random.choice(ENDPOINT_LISTS)]
            case 5:
                return [LAPSE, self.random.choice(self.stations), None]
            case 6:
                return [RETURN]
            case 7:
                return self.random.choice(([6], [7, b"x"], [8, [1]], [9], [12, None], [99], [LAPSE], [RETURN, 1]))
            case 8 | 9:
                return self._removal(actor)
            case 10 if self.removals:
                station = self.random.choice(list(self.removals))
                known = self.removals[station]
                return [REINSTATE, station, sorted(set(self.random.choices(known, k=self.random.choice((1, 1, 2, 3)))))]
            case 11 if actor is not self.actors[0]:
                transport, sealing = (keys.agreement_public(secrets.token_bytes(32)) for _ in range(2))
                sealing = self.random.choice((sealing, sealing, bytes(32)))
                return [RE_KEY, self.random.choice((0, 1, 1, 2)), transport, sealing]
            case 12:
                members = list(actor.replica.roster().members.values())
                given = {m.member.sealing for m in self.random.sample(members, min(2, len(members)))}
                wraps = [[key, secrets.token_bytes(32), bytes(48)] for key in sorted(given)]
                policy = [POLICY, self.random.choice((0, 1, 2)), self.random.choice((0, 1, 6))]
                return self.random.choice(([EPOCH, secrets.token_bytes(16), wraps], policy)) if wraps else policy
            case _:
                secret, role, _ = self.random.choice(self.secrets)
                return [INVITE, keys.signing_public(secret), self.random.choice((role, 3)), "again", 1]

    def _removal(self, actor: Actor) -> list[Any]:
        """By whomever and of whomever but the first, who carries everything to the other program."""
        own = keys.signing_public(actor.seed)
        target = own if self.random.random() < 0.2 else self.random.choice(self.stations)
        if target == self.stations[0]:
            target = self.stations[1]
        logs = actor.replica.roster_logs()
        cut = []
        for name, log in sorted(logs.items()):
            if self.random.random() < (0.6 if log.genesis.station == target else 0.05):
                ref = log.ref(name, self.random.randrange(len(log.hashes)))  # type: ignore[attr-defined]
                cut.append(ref._replace(prefix=bytes(16)) if self.random.random() < 0.1 else ref)
        return [self.random.choice((REVOKE, RETIRE)), target, cut]

    def _join(self, friend: Actor) -> None:
        """Somebody joins with a token of which a friend told; a second one may have the same token."""
        secret, role, inviter = self.random.choice(self.secrets[-3:])
        friend = inviter if self.random.random() < 0.85 else friend
        twice = self.random.random() < 0.1
        seed = self.random.choice(self.actors).seed if twice else secrets.token_bytes(32)
        station, plant = keys.signing_public(seed), friend.replica.plant
        transport, sealing = (keys.agreement_public(secrets.token_bytes(32)) for _ in range(2))
        if self.random.random() < 0.05:
            sealing = bytes(32)
        name = self.random.choice(NAMES[:4] if self.random.random() < 0.85 else NAMES)
        stated = role if self.random.random() < 0.9 else self.random.randrange(4)
        member = [name, stated, transport, sealing]
        signed = what_a_join_signs(plant, station, member)  # type: ignore[arg-type]
        join = [JOIN, keys.signing_public(secret), member, keys.sign(secret, signed)]
        acts = [join] + [self._act(friend) for _ in range(self.random.choice((0, 0, 1)))]
        if self.random.random() < 0.04:
            acts.append(join)
        self.random.shuffle(acts)
        replica = Replica.in_memory(plant)
        give(friend.replica, replica, 10**6)
        deps = replica.frontier(ROSTER, None)
        genesis = Genesis(ROSTER, plant, station, secrets.token_bytes(16), 1, (), deps, None)
        body = encode([clock_reading(0), 1 + replica.lamport(deps), 0, "", "", acts])
        actor = Actor(replica, seed, b"")
        actor.log = actor._append(None, [Entry((), None, 0, genesis.encoded()), Entry(deps, None, 0, body)])
        self.kinds["join"] += 1
        self.actors.append(actor)
        self.logs.append(actor.log)
        self.stations.append(station)


def check(plant: Plant, seed: int, kinds: Counter[str], patience: float) -> str | None:
    """What is wrong after one history, or None."""
    recovery = parse_printed("gemba-recovery1-", (plant.gemba.data / "recovery.key").read_text())
    scene = Scene(seed, plant.authors, recovery, kinds)
    scene.run()
    carrier = plant.authors[0]
    for _ in range(3):
        for actor in scene.actors[1:]:
            give(actor.replica, carrier.replica, 10**6)
    node, deadline = plant.node(carrier), time.monotonic() + patience
    try:
        while True:
            if not node.agree(deadline):
                return f"the vectors are not equal in time: {[unequal(node, kind) for kind in (ROSTER, DATA)]}"
            theirs, ours = their_members(plant), our_members(carrier)
            if len(ours) == len(theirs) and all(map(are_equal, ours, theirs)):
                return None
            # Who is lapsed returns by itself, and then the vectors differ again.
            if all(session.vectors_agree for session in node.sessions if session.member):
                return f"only here: {differing(ours, theirs)}; only there: {differing(theirs, ours)}"
    finally:
        node.close()


def unequal(node: Node, kind: int) -> list[str]:
    """Which logs of a kind the two hold differently, as far as the last comparison tells."""
    found = []
    for session in node.sessions:
        channel = session.channels.get(kind)
        if channel and channel.comparison:
            replica, theirs = node.station.replica, channel.comparison.peer
            for ref in replica.vector(kind):
                there = theirs.get(ref.replica)
                if there != ref:
                    name = replica.roster().members.get(replica.logs[ref.replica].genesis.station)
                    found.append(f"{ref.replica.hex()} {ref.seq} here, {there.seq if there else None} there, {name}")
            found += [f"{name.hex()} there" for name in theirs if name not in replica.logs]
    return found


Shape = tuple[Any, ...]


def our_members(station: Station) -> list[Shape]:
    roster = station.replica.roster()
    shown = [
        (m.station.hex(), m.member.name, m.member.role, "lapsed" if m.is_lapsed else "active", m.endpoints,
         m.member.transport.hex())
        for m in roster.members.values()
    ]  # fmt: skip
    gone = [
        (station.hex(), f.standing.member.name, f.standing.member.role, "revoked" if f.is_revoked else "retired", (), "")
        for station, f in roster.former.items()
    ]
    return sorted(shown + gone)


def their_members(plant: Plant) -> list[Shape]:
    roles = {"station": 0, "liaison": 1, "relay": 2, "admin": 3}
    return sorted(
        (m["station"], m["name"], roles[m["role"]], state, *(
            ((), "") if state in ("revoked", "retired") else (tuple(m["endpoints"]), m["transportKey"])))
        for m in json.loads(plant.gemba.call("member", "list", "--json"))
        for state in [m["state"]]
    )  # fmt: skip


def are_equal(ours: Shape, theirs: Shape) -> bool:
    """Of members with one name, all but one are shown with something behind it."""
    return ours[0] == theirs[0] and theirs[1].startswith(ours[1]) and ours[2:] == theirs[2:]


def differing(some: list[Shape], others: list[Shape]) -> list[Shape]:
    return [shape for shape in some if shape not in others]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, required=True, help="the folder of gemba")
    parser.add_argument("--histories", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="that of the first history")
    parser.add_argument("--each", type=int, default=10, help="histories in one plant")
    parser.add_argument("--keep", action="store_true", help="keep all folders")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds until vectors must be equal")
    arguments = parser.parse_args()
    print(f"seeds {arguments.seed} to {arguments.seed + arguments.histories - 1}", flush=True)
    kinds: Counter[str] = Counter()
    seeds = list(range(arguments.seed, arguments.seed + arguments.histories))
    faults = done = 0
    while seeds:
        path = Path(tempfile.mkdtemp(prefix="rosters-"))
        plant = Plant(arguments.binaries, path, 0)
        try:
            plant.authors = [plant.join("P0", "admin"), plant.join("P1", "admin"), plant.join("P2", "station")]
            for seed in seeds[: arguments.each]:
                seeds, done = seeds[1:], done + 1
                if fault := check(plant, seed, kinds, arguments.patience):
                    faults += 1
                    print(f"seed {seed}: {fault}", flush=True)
                    break
            roster = plant.authors[0].replica.roster()
            counted = f"{len(roster.members)} members and {len(roster.former)} former ones in this plant"
            print(f"{done} histories, {counted}", flush=True)
        finally:
            plant.folder.end()
        if not arguments.keep:
            shutil.rmtree(path)
    print(", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    print(f"{done} histories, {faults} disagreements")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
