"""Vectors for 05-roster.md: roster bodies, tokens, and folds of whole rosters."""

from cases_logs import FOUNDER, PLANT, PLANT_LOG, RECOVERY, member_fields
from encoding import Raw, encode
from structures import (
    ADMIN,
    LIAISON,
    RELAY,
    ROSTER,
    STATION,
    Log,
    Station,
    acts,
    found,
    genesis,
    invite_key,
    join_signed_bytes,
    printed,
    seeded,
    token,
)

INVITE, JOIN, ADMIT, CLOSE, ENDPOINTS = 1, 2, 3, 4, 5
EPOCH, REVOKE, RETIRE, LAPSE, RETURN, REKEY, REINSTATE, POLICY = 6, 8, 9, 10, 11, 12, 14, 15
PRESS = Station("P4")
SECRET = seeded("secret", 32)
KEY = invite_key(SECRET)


def join_act(station, key, plant=PLANT):
    return [JOIN, key.public, station.member, key.sign(join_signed_bytes(plant, station))]


# ---- Bodies


def roster_bodies():
    invite = [INVITE, KEY.public, STATION, "P4", 86400]
    join = join_act(PRESS, KEY)

    def shown(act, unknown):
        kind, *fields = act
        if unknown:
            return {"kind": kind, "encoded": encode(act)}
        if kind == INVITE:
            return {"kind": kind, **dict(zip(("invite", "role", "name", "validForSeconds"), fields))}
        if kind == JOIN:
            return {"kind": kind, "invite": fields[0], "member": member_fields(fields[1]), "signature": fields[2]}
        if kind == ADMIT:
            return {"kind": kind, "replica": fields[0]}
        if kind == CLOSE:
            return {"kind": kind, "invite": fields[0]}
        if kind == ENDPOINTS:
            return {"kind": kind, "counter": fields[0], "endpoints": fields[1]}
        if kind == LAPSE:
            return {"kind": kind, "station": fields[0], "head": fields[1]}
        if kind == RETURN:
            return {"kind": kind}
        if kind == EPOCH:
            wraps = [dict(zip(("recipient", "encapsulated", "sealed"), wrap)) for wrap in fields[1]]
            return {"kind": kind, "epoch": fields[0], "wraps": wraps}
        if kind in (REVOKE, RETIRE):
            return {"kind": kind, "station": fields[0], "cut": fields[1]}
        if kind == REKEY:
            return {"kind": kind, **dict(zip(("counter", "transport", "sealing"), fields))}
        if kind == REINSTATE:
            return {"kind": kind, "station": fields[0], "removals": fields[1]}
        if kind == POLICY:
            return {"kind": kind, "counter": fields[0], "flags": fields[1]}
        return {"kind": kind, "encoded": encode(act)}

    def case(rule, name, fields, error=None, unknown=False):
        result = {"rule": rule, "name": name, "valid": error is None, "input": encode(fields)}
        if error:
            return result | {"error": error}
        expected = dict(zip(("timestamp", "lamport"), fields)) | {"actor": fields[3], "reason": fields[4]}
        return result | {"expected": expected | {"acts": [shown(act, unknown) for act in fields[5]]}}

    yield case("act 1", "an invite", acts(invite))
    yield case("A2", "an invite without a name", acts([INVITE, KEY.public, ADMIN, "", 0]))
    yield case("A3", "a join", acts(join)) | {
        "plant": PLANT,
        "station": PRESS.key,
        "signed": join_signed_bytes(PLANT, PRESS),
    }
    yield case("act 3", "an admit", acts([ADMIT, PLANT_LOG.replica]))
    yield case("act 4", "a close", acts([CLOSE, KEY.public]))
    yield case("act 5", "endpoints", acts([ENDPOINTS, 7, ["tcp://10.0.0.4:7700", "ipc:///run/gemba"]]))
    yield case("act 5", "no endpoints", acts([ENDPOINTS, 8, []]))
    head = [seeded("silent replica", 16), 12, seeded("silent head", 16)]
    yield case("act 10", "a lapse", acts([LAPSE, PRESS.key, head]))
    yield case("act 10", "a lapse of a station that never wrote", acts([LAPSE, PRESS.key, None]))
    yield case("act 11", "a return", acts([RETURN]))
    yield case("A1", "an act of a reserved kind", acts([8, {1: [1]}, "later"]), unknown=True)
    yield case("A1", "acts of kinds that are still reserved", acts([7, b""], [13, PRESS.key, ADMIN]))
    yield from membership_bodies(case)
    yield case("A1", "an act of an unknown kind between others", acts(invite, [999], [CLOSE, KEY.public]))
    yield case("A1", "an act of kind 0", acts([0, 1]), "invalid")
    yield case("A1", "an act without a kind", acts([]), "invalid")
    yield case("A1", "a tag in an unknown act", acts([9, Raw(b"\xc1\x00")]), "wrongType")
    yield case("A2", "an unknown role", acts([INVITE, KEY.public, 4, "P4", 86400]), "invalid")
    yield case("A2", "a name of 65 bytes", acts([INVITE, KEY.public, STATION, "p" * 65, 86400]), "tooLong")
    yield case("A2", "a joiner of an unknown role", acts([JOIN, KEY.public, ["P4", 9, *PRESS.member[2:]], join[3]]), "invalid")
    yield case("A3", "a signature of 63 bytes", acts([*join[:3], join[3][:63]]), "invalid")
    yield case("act 1", "an invite with a field too many", acts([*invite, 0]), "invalid")
    yield case("act 2", "a join without a signature", acts(join[:3]), "invalid")
    yield case("act 3", "an admit of a hash", acts([ADMIT, PLANT]), "invalid")
    yield case("act 4", "a close without a key", acts([CLOSE]), "invalid")
    yield case("act 5", "endpoints as text", acts([ENDPOINTS, 7, "tcp://10.0.0.4:7700"]), "wrongType")
    yield case("A1", "a lapse without a head is an unknown act", acts([LAPSE, PRESS.key]), unknown=True)
    yield case("A1", "a lapse of a replica is an unknown act", acts([LAPSE, PLANT_LOG.replica, head]), unknown=True)
    yield case("A1", "a lapse with a head of two elements is an unknown act", acts([LAPSE, PRESS.key, head[:2]]), unknown=True)
    yield case("A1", "a return with a field is an unknown act", acts([RETURN, PRESS.key]), unknown=True)
    yield case("E3", "a counter of 2^63", acts([ENDPOINTS, 2**63, []]), "outOfRange")
    yield case("roster body", "no acts", acts(), "invalid")
    yield case("roster body", "another schema than 0", [*acts(invite)[:2], 1, *acts(invite)[3:]], "unsupportedVersion")
    yield case("roster body", "seven elements", [*acts(invite), None], "invalid")
    yield case("B5", "lamport 0", acts(invite, lamport=0), "outOfRange")
    yield case("E3", "a timestamp of 2^63", acts(invite, timestamp=2**63), "outOfRange")
    yield case("B1", "an actor of 257 bytes", acts(invite, actor="a" * 257), "tooLong")
    yield case("E9", "bytes after the body", Raw(encode(acts(invite)), b"\0"), "trailingBytes")


def membership_bodies(case):
    """Acts of removal, epochs and keys; what is malformed among them is like an unknown act."""
    low, high = sorted([seeded("removed data", 16), seeded("removed roster", 16)])
    first, second = [low, 12, seeded("removed head", 16)], [high, 3, seeded("removed act", 16)]
    wraps = sorted([station.sealing, seeded("encapsulated", 32), seeded("sealed", 48)] for station in (PRESS, FOUNDER))
    epoch = seeded("epoch", 16)
    for name, act in [
        ("act 6 an epoch for two stations", [EPOCH, epoch, wraps]),
        ("act 8 a revocation with a cut of two logs", [REVOKE, PRESS.key, [first, second]]),
        ("act 8 a revocation of everything", [REVOKE, PRESS.key, []]),
        ("act 9 a retirement", [RETIRE, PRESS.key, [first]]),
        ("act 12 a re-key", [REKEY, 7, FOUNDER.transport, FOUNDER.sealing]),
        ("act 14 a reinstatement", [REINSTATE, PRESS.key, [first]]),
        ("act 14 a reinstatement after two removals in one log", [REINSTATE, PRESS.key, [first, [low, 13, second[2]]]]),
        ("act 15 a policy", [POLICY, 1, 1]),
        ("act 15 a policy with unknown flags", [POLICY, 2, 2**62 | 6]),
    ]:
        rule, _, text = name.partition(" a")
        yield case(rule, "a" + text, acts(act))
    for name, act in [
        ("an epoch for nobody", [EPOCH, epoch, []]),
        ("an epoch whose wraps are out of order", [EPOCH, epoch, wraps[::-1]]),
        ("an epoch with two wraps to one key", [EPOCH, epoch, [wraps[0], wraps[0]]]),
        ("an epoch with an encapsulated key of 31 bytes", [EPOCH, epoch, [[wraps[0][0], bytes(31), bytes(48)]]]),
        ("an epoch with a sealed key of 47 bytes", [EPOCH, epoch, [[wraps[0][0], bytes(32), bytes(47)]]]),
        ("an epoch with a wrap of four elements", [EPOCH, epoch, [[*wraps[0], 0]]]),
        ("a revocation without a cut", [REVOKE, PRESS.key]),
        ("a revocation whose cut is out of order", [REVOKE, PRESS.key, [second, first]]),
        ("a revocation whose cut names a log twice", [REVOKE, PRESS.key, [first, [low, 13, first[2]]]]),
        ("a retirement of a replica", [RETIRE, PLANT_LOG.replica, [first]]),
        ("a retirement with a reason", [RETIRE, PRESS.key, [first], "old"]),
        ("a re-key without a sealing key", [REKEY, 7, FOUNDER.transport]),
        ("a re-key with a short key", [REKEY, 7, FOUNDER.transport, bytes(31)]),
        ("a reinstatement of no removal", [REINSTATE, PRESS.key, []]),
        ("a reinstatement whose removals are out of order", [REINSTATE, PRESS.key, [second, first]]),
        ("a reinstatement that names a removal twice", [REINSTATE, PRESS.key, [first, first]]),
        ("a policy of flags as text", [POLICY, 1, "confirmed"]),
        ("a policy without flags", [POLICY, 1]),
    ]:
        yield case("A1", f"{name} is an unknown act", acts(act), unknown=True)


# ---- Tokens


def tokens():
    routes = [["tcp://relay.example:7700", FOUNDER.transport], ["tcp://10.0.0.1:7700", FOUNDER.transport]]
    frontier = [[seeded("inviter", 16), 3, seeded("invite entry", 16)]]
    parts = [routes, PLANT, STATION, "P4", frontier, 3, SECRET]
    keys = ("routes", "plant", "role", "name", "frontier", "lamport", "secret")

    def case(rule, name, text, error=None, fields=parts):
        result = {"rule": rule, "name": name, "valid": error is None, "input": text}
        if error:
            return result | {"error": error}
        return result | {"expected": dict(zip(keys, fields)), "inviteKey": KEY.public, "payload": token(*fields)}

    good = printed(token(*parts))
    yield case("token", "a token with two routes", good)
    yield case("token", "a token with white space around it", f" {good}\r\n")
    yield case("token", "a token in capitals", good.upper())
    yield case("token", "a token without routes", printed(token([], *parts[1:])), fields=[[], *parts[1:]])
    unnamed = [*parts[:3], "", *parts[4:]]
    yield case("token", "a token without a suggested name", printed(token(*unnamed)), fields=unnamed)
    flipped = good[:40] + ("a" if good[40] != "a" else "b") + good[41:]
    yield case("token", "a mistyped character", flipped, "invalid")
    yield case("token", "a token cut short", good[:-3], "invalid")
    yield case("token", "a token of another version", "gemba2-" + good[7:], "invalid")
    yield case("token", "a checksum over the payload alone", "gemba1-" + printed(token(*parts), ""), "invalid")
    yield case("token", "a character outside the alphabet", good[:20] + "1" + good[21:], "invalid")
    yield case("token", "nothing", "", "invalid")
    yield case("token", "an empty frontier", printed(token(*parts[:4], [], *parts[5:])), "invalid")
    yield case("token", "an unknown role", printed(token(*parts[:2], 7, *parts[3:])), "invalid")
    yield case("token", "a secret of 31 bytes", printed(token(*parts[:6], SECRET[:31])), "invalid")
    yield case("token", "bytes after the payload", printed(token(*parts) + b"\0"), "invalid")
    five = [routes[0]] * 5
    yield case("token", "five routes", printed(token(five, *parts[1:])), "invalid")


# ---- Folds


class World:
    """The roster logs of a plant in the making."""

    def __init__(self, founder=FOUNDER):
        self.root = found(founder, RECOVERY)
        self.plant = self.root.entries[0].hash
        self.logs = {founder.name: self.root}
        self.lamports = {}

    def append(self, log, content, deps=(), lamport=None):
        """An entry that states the lamport number that the graph gives it, or another."""
        computed = 1 + max(self.lamports.get(prefix, 0) for _, _, prefix in [log.tip, *deps])
        entry = log.append(acts(*content, lamport=lamport or computed), deps)
        self.lamports[entry.hash[:16]] = computed
        return entry

    def state(self, log, *content, saw=(), lamport=None):
        return self.append(log, content, [self.logs[name].tip for name in saw], lamport)

    def invite(self, author, label, role=STATION, saw=()):
        key = invite_key(seeded(f"secret {label}", 32))
        entry = self.state(self.logs[author], [INVITE, key.public, role, "", 3600], saw=saw)
        return key, entry

    def join(self, station, key, invitation, label=None, content=None, lamport=None):
        frontier = [invitation.reference] if invitation else [self.root.entries[0].reference]
        log = Log(station, genesis(ROSTER, self.plant, station, f"{label or station.name} roster", frontier=frontier))
        self.append(log, content or [join_act(station, key, self.plant)], frontier, lamport)
        self.logs[label or station.name] = log
        return log

    def close(self, author, key, saw=(), lamport=None):
        return self.state(self.logs[author], [CLOSE, key.public], saw=saw, lamport=lamport)

    def admit(self, author, name):
        return self.state(self.logs[author], [ADMIT, self.logs[name].replica], saw=[name])


def folds():
    for make in (founding_folds, joining_folds, contested_folds, authority_folds, log_folds, lapse_folds, admission_folds):
        yield from make()


def case(rule, name, world, *members, **details):
    """`members` are (station, depth), in any order; the founder need not be named."""
    def rank(member):
        station, depth = member[:2]
        log = next(log for log in world.logs.values() if log.station is station and (depth == 0 or len(log.entries) > 1))
        return depth, log.entries[min(depth, 1)].hash

    keys = details.pop("keys", {})
    expected = [
        {
            "station": station.key,
            "name": station.name,
            "role": station.role,
            "transport": keys.get(station.name, station).transport,
            "sealing": keys.get(station.name, station).sealing,
            "depth": depth,
            "endpoints": details.get("endpoints", {}).get(station.name, []),
            "lapsed": station.name in details.get("lapsed", []),
        }
        for station, depth in sorted(members, key=rank)
    ]
    return {
        "rule": rule,
        "name": name,
        "valid": True,
        "plant": world.plant,
        "input": [encode(log.run()) for log in world.logs.values()],
        "members": expected,
    } | {key: value for key, value in details.items() if key in ("former", "policy", "epochs")}


def founding_folds():
    world = World()
    yield case("P1", "a founder alone", world, (FOUNDER, 0)) | {"plantName": "Works 3"}
    yield case("P1", "a founder that is no admin", World(Station("L2", LIAISON)))
    unnamed = Station("has space", ADMIN)
    yield case("P7", "a founder whose name breaks the rule", World(unnamed))


def joining_folds():
    world = World()
    key, invitation = world.invite("L1", "P4")
    yield case("P3", "an invitation that nobody took", world, (FOUNDER, 0))
    world.join(PRESS, key, invitation)
    yield case("P3", "an invitation and its join", world, (FOUNDER, 0), (PRESS, 1))
    world = World()
    key, invitation = world.invite("L1", "P4", LIAISON)
    world.join(PRESS, key, invitation)
    yield case("P3", "a join for another role than invited", world, (FOUNDER, 0))
    world = World()
    key, _ = world.invite("L1", "P4")
    world.join(PRESS, key, None)
    yield case("P3", "a join that did not see the invitation", world, (FOUNDER, 0))
    world = World()
    key, invitation = world.invite("L1", "P4")
    forged = [JOIN, key.public, PRESS.member, invite_key(SECRET).sign(join_signed_bytes(world.plant, PRESS))]
    world.join(PRESS, key, invitation, content=[forged])
    yield case("A3", "a join that another key signed", world, (FOUNDER, 0))
    world = World()
    key, invitation = world.invite("L1", "P4")
    stolen = Station("P5")
    world.join(stolen, key, invitation, content=[join_act(PRESS, key, world.plant)])
    yield case("A3", "a join copied into another station's log", world, (FOUNDER, 0))
    world = World()
    key, invitation = world.invite("L1", "P4")
    world.join(PRESS, key, invitation, content=[join_act(PRESS, key, PLANT)[:3] + [bytes(64)]])
    yield case("A3", "a join with a signature of zeros", world, (FOUNDER, 0))
    world = World()
    key, invitation = world.invite("L1", "P4")
    log = world.join(PRESS, key, invitation, content=[[ENDPOINTS, 1, []]])
    world.state(log, join_act(PRESS, key, world.plant))
    yield case("P3", "a join in the second entry", world, (FOUNDER, 0))
    world = World()
    key, invitation = world.invite("L1", "P4")
    act = join_act(PRESS, key, world.plant)
    world.join(PRESS, key, invitation, content=[act, act])
    yield case("P3", "two joins in one entry", world, (FOUNDER, 0))
    for label, change in [
        ("a transport key of small order", lambda station: setattr(station, "transport", bytes(32))),
        ("a sealing key that is not canonical", lambda station: setattr(station, "sealing", b"\xff" * 32)),
        ("a name with a space", lambda station: setattr(station, "name", "press 4")),
        ("no name", lambda station: setattr(station, "name", "")),
    ]:
        world = World()
        odd = Station("P6")
        change(odd)
        key, invitation = world.invite("L1", "P6")
        world.join(odd, key, invitation)
        yield case("P3", f"a joiner with {label}", world, (FOUNDER, 0))


def contested_folds():
    rival = Station("P4x")

    def contest():
        world = World()
        key, invitation = world.invite("L1", "P4")
        world.join(PRESS, key, invitation)
        world.join(rival, key, invitation)
        return world, key

    world, key = contest()
    yield case("P6", "two joins for one invitation", world, (FOUNDER, 0))
    world.admit("L1", "P4x")
    yield case("P5", "two joins and an admit", world, (FOUNDER, 0), (rival, 1))
    world.admit("L1", "P4")
    yield case("P5", "of two admits by one author the later", world, (FOUNDER, 0), (PRESS, 1))

    world = World()
    key, invitation = world.invite("L1", "P4")
    world.join(PRESS, key, invitation)
    world.close("L1", key, saw=["P4"])
    yield case("P4", "a join that the close had seen", world, (FOUNDER, 0), (PRESS, 1))
    world.join(rival, key, invitation)
    yield case("P4", "a second join, after the close", world, (FOUNDER, 0), (PRESS, 1))

    world = World()
    key, invitation = world.invite("L1", "P4")
    world.close("L1", key)
    world.join(PRESS, key, invitation)
    yield case("P4", "a join that the close had not seen", world, (FOUNDER, 0))
    world.admit("L1", "P4")
    yield case("P5", "a late join and an admit", world, (FOUNDER, 0), (PRESS, 1))


def authority_folds():
    for role, label in ((STATION, "a station"), (LIAISON, "a liaison"), (RELAY, "a relay")):
        world = World()
        middle = Station(f"M{role}", role)
        key, invitation = world.invite("L1", middle.name, role)
        world.join(middle, key, invitation)
        inner, second = world.invite(middle.name, "P4")
        world.join(PRESS, inner, second)
        yield case("rights", f"an invitation by {label}", world, (FOUNDER, 0), (middle, 1))

    admin = Station("A2", ADMIN)
    world = World()
    key, invitation = world.invite("L1", "A2", ADMIN)
    world.join(admin, key, invitation)
    inner, second = world.invite("A2", "P4")
    world.join(PRESS, inner, second)
    yield case("P2", "an invitation by an invited admin", world, (FOUNDER, 0), (admin, 1), (PRESS, 2))
    world.logs.pop("L1")
    yield case("P1", "a roster without the founder's log", world)

    world = World()
    key, invitation = world.invite("L1", "A2", ADMIN)
    world.join(admin, key, invitation)
    other, second = world.invite("L1", "P4")
    world.close("A2", other)
    world.join(PRESS, other, second)
    yield case("P4", "a close by an admin of greater depth than the inviter", world, (FOUNDER, 0), (admin, 1), (PRESS, 1))

    world = World()
    key, invitation = world.invite("L1", "A2", ADMIN)
    world.join(admin, key, invitation)
    inner, second = world.invite("A2", "P4")
    world.close("L1", inner)
    world.join(PRESS, inner, second)
    yield case("P4", "a close by an admin of smaller depth than the inviter", world, (FOUNDER, 0), (admin, 1))

    world = World()
    stranger = Station("S9", ADMIN)
    inner, _ = invite_key(seeded("secret stranger", 32)), None
    log = world.join(stranger, inner, None, content=[[INVITE, inner.public, STATION, "", 3600]])
    world.join(PRESS, inner, log.last)
    yield case("P2", "an invitation by a stranger", world, (FOUNDER, 0))


def log_folds():
    world = World()
    key, invitation = world.invite("L1", "P4")
    log = world.join(PRESS, key, invitation)
    world.state(log, [ENDPOINTS, 2, ["tcp://10.0.0.4:7700"]])
    world.state(log, [ENDPOINTS, 1, ["tcp://10.0.0.5:7700"]])
    endpoints = {"endpoints": {"P4": ["tcp://10.0.0.4:7700"]}}
    yield case("P8", "endpoints of the greatest counter", world, (FOUNDER, 0), (PRESS, 1), **endpoints)
    world.state(log, [ENDPOINTS, 3, [f"tcp://10.0.0.{index}:7700" for index in range(9)]])
    yield case("P8", "an act of nine endpoints", world, (FOUNDER, 0), (PRESS, 1), **endpoints)
    world.state(log, [ENDPOINTS, 4, ["tcp://10.0.0.4 :7700"]])
    yield case("P8", "an endpoint with a space", world, (FOUNDER, 0), (PRESS, 1), **endpoints)
    world.state(log, [8, "revoke", "reserved"])
    yield case("A1", "an act of a reserved kind has no effect", world, (FOUNDER, 0), (PRESS, 1), **endpoints)
    log.append(b"\xff not a body")
    yield case("A1", "an invalid body has no effect and ends nothing", world, (FOUNDER, 0), (PRESS, 1), **endpoints)

    world = World()
    key, invitation = world.invite("L1", "P4")
    world.join(PRESS, key, invitation, lamport=1)
    yield case("B5", "a join with a wrong lamport number has no effect", world, (FOUNDER, 0))

    world = World()
    key, invitation = world.invite("L1", "P4")
    world.join(PRESS, key, invitation)
    world.close("L1", key, lamport=7)
    yield case("B5", "a close with a wrong lamport number has no effect", world, (FOUNDER, 0), (PRESS, 1))
    world.close("L1", key)
    yield case("B5", "the entry after it counts on from its place", world, (FOUNDER, 0))

    world = World()
    key, invitation = world.invite("L1", "P4")
    world.join(PRESS, key, invitation)
    other = World(Station("X1", ADMIN))
    world.logs["X1"] = other.root
    yield case("P1", "the log of another plant's founder", world, (FOUNDER, 0), (PRESS, 1))


def lapse_folds():
    admin = Station("A2", ADMIN)

    def plant():
        world = World()
        for station in (PRESS, admin):
            key, invitation = world.invite("L1", station.name, station.role)
            world.join(station, key, invitation)
        return world, ((FOUNDER, 0), (PRESS, 1), (admin, 1))

    def lapse(world, author, station, saw=()):
        return world.state(world.logs[author], [LAPSE, station.key, None], saw=saw)

    world, members = plant()
    lapse(world, "A2", PRESS)
    yield case("P10", "a lapse", world, *members, lapsed=["P4"])
    lapse(world, "L1", PRESS)
    world.state(world.logs["P4"], [RETURN], saw=["A2", "L1"])
    yield case("P10", "a return that had seen two lapses", world, *members)
    lapse(world, "A2", PRESS)
    yield case("P10", "a lapse that the return had not seen", world, *members, lapsed=["P4"])
    world.state(world.logs["P4"], [RETURN], saw=["L1"])
    yield case("P10", "a return that had not seen the lapse", world, *members, lapsed=["P4"])
    world.state(world.logs["A2"], [RETURN], saw=["P4"])
    yield case("P10", "a return by another", world, *members, lapsed=["P4"])

    world, members = plant()
    lapse(world, "P4", admin)
    yield case("P10", "a lapse by a station", world, *members)
    lapse(world, "A2", admin)
    yield case("P10", "a lapse of its own author", world, *members)
    lapse(world, "A2", FOUNDER)
    yield case("P10", "a lapse of the founder", world, *members, lapsed=["L1"])

    world, members = plant()
    lapse(world, "L1", admin)
    late = Station("P9")
    key, invitation = world.invite("A2", "P9", saw=["L1"])
    world.join(late, key, invitation)
    yield case("P10", "an invitation by a lapsed admin", world, *members, (late, 2), lapsed=["A2"])


def admission_folds():
    """What a joiner says in the entry of its join is said by a member."""
    world = World()
    key, invitation = world.invite("L1", "P4")
    world.join(PRESS, key, invitation, content=[join_act(PRESS, key, world.plant), [ENDPOINTS, 1, ["tcp://10.0.0.4:7700"]]])
    endpoints = {"endpoints": {"P4": ["tcp://10.0.0.4:7700"]}}
    yield case("P2", "endpoints in the entry of a join", world, (FOUNDER, 0), (PRESS, 1), **endpoints)

    world = World()
    admin = Station("A2", ADMIN)
    key, invitation = world.invite("L1", "A2", ADMIN)
    inner = invite_key(seeded("secret P4", 32))
    invite = [INVITE, inner.public, STATION, "", 3600]
    log = world.join(admin, key, invitation, content=[invite, join_act(admin, key, world.plant)])
    world.join(PRESS, inner, log.entries[1])
    yield case("P2", "an invitation in the entry of a join", world, (FOUNDER, 0), (admin, 1), (PRESS, 2))
