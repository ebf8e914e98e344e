"""Folds for 05-roster.md P22 and P23: forked roster logs, and removals of whoever wrote them."""

from cases_branches import name as path_name
from cases_folds import (
    ADMIT,
    CLOSE,
    ENDPOINTS,
    EPOCH,
    LAPSE,
    POLICY,
    REINSTATE,
    REKEY,
    RETIRE,
    RETURN,
    REVOKE,
    World,
    case,
    join_act,
)
from cases_logs import FOUNDER
from cases_removals import PRESS, RETIRED, REVOKED, Plant, data_tip
from structures import ROSTER, Entry, Log, Station, agreement_key, genesis, seeded, sha256, wrap


class Half(Log):
    """A history of a log that leaves another one behind entry `fork`; its run has only what is its own."""

    def __init__(self, log, fork, station=None):
        self.station, self.plant, self.replica = station or log.station, log.plant, log.replica
        self.entries = log.entries[: fork + 1]
        self.begins = fork + 1

    def run(self):
        return super().run(self.begins)


class Forked(World):
    """A plant with forked logs, whose members name entries by their paths (K4)."""

    def fork(self, log, label, at=None, station=None):
        """Another history of a log, behind its last entry or an earlier one."""
        log = self.logs[log]
        self.logs[label] = Half(log, log.last.sequence if at is None else at, station)
        return self.logs[label]

    def named(self, entry):
        """A reference to an entry by the name of its path."""
        following = {}
        for log in self.logs.values():
            for other in log.entries:
                following.setdefault(other.previous, set()).add(other.hash)
        log = next(log for log in self.logs.values() if entry in log.entries)
        history = reversed(log.entries[: entry.sequence + 1])
        first = next(other for other in history if other.sequence == 0 or len(following[other.previous]) > 1)
        return [path_name(log.replica, first.hash) if first.sequence else log.replica, *entry.reference[1:]]

    def state(self, log, *content, saw=(), lamport=None):
        return self.append(log, content, [self.named(self.logs[name].last) for name in saw], lamport)

    def enrol(self, station, inviter, saw=()):
        key, invitation = self.invite(inviter, station.name, station.role, saw)
        return self.join(station, key, invitation)


class ForkedPlant(Forked, Plant):
    """The lower admin invites E0, and then his log is forked: "left" invites E1 and E2, "right" E3."""

    def __init__(self):
        super().__init__()
        self.guests = [Station(f"E{index}") for index in range(5)]
        self.enrol(self.guests[0], self.lower.name)
        for label, *guests in (("left", 1, 2), ("right", 3)):
            self.fork(self.lower.name, label)
            for guest in guests:
                self.enrol(self.guests[guest], label)
        self.common, self.left, self.right = (self.logs[label] for label in (self.lower.name, "left", "right"))

    @property
    def everybody(self):
        return [*self.invited(0, 1, 2, 3), (self.lower, 1)]

    def invited(self, *indices):
        """The guests that are members, beside all but the lower admin."""
        return [*self.without(self.lower), *((self.guests[index], 2) for index in indices)]

    def gone(self, station, kind, cut, removals):
        """A former member: of each path the last entry that is left, where that is more than a genesis."""
        return {
            "station": station.key,
            "kind": kind,
            "cut": sorted(self.named(last) if isinstance(last, Entry) else last for last in cut),
            "removals": sorted(map(self.named, removals)),
        }

    def expects(self, rule, name, cut, removals, *guests, kind=REVOKED, **details):
        """The lower admin as a former member, and which of his guests stay."""
        gone = self.gone(self.lower, kind, cut, removals)
        return case(rule, name, self, *self.invited(*guests), former=[gone], **details)


def folds():
    makers = (
        invitation_folds, own_act_folds, first_entry_folds, later_log_folds, reference_folds, missing_folds, several_folds,
        own_folds, reinstatement_folds,
    )  # fmt: skip
    for make in makers:
        yield from make()


def invitation_folds():
    plant = ForkedPlant()
    yield case("P22", "both halves of a log invite", plant, *plant.everybody)
    plant.fork("left", "inner", at=3)
    plant.enrol(plant.guests[4], "inner")
    yield case("P22", "a fork inside a fork", plant, *plant.everybody, (plant.guests[4], 2))

    world = Forked()
    first, second = Station("E1"), Station("E2")
    world.fork("L1", "half")
    world.enrol(first, "L1")
    world.enrol(second, "half")
    yield case("P22", "the founder's log forked behind its genesis", world, (FOUNDER, 0), (first, 1), (second, 1))

    world = Forked()
    world.enrol(first, "L1")
    world.fork("L1", "half")
    key, invitation = world.invite("L1", "P4")
    world.join(PRESS, key, invitation)
    world.state(world.logs["half"], [POLICY, 1, 0])
    yield case("P3", "an invitation on one half, and another act on the other", world, (FOUNDER, 0), (first, 1), (PRESS, 1))
    world.close("half", key)
    yield case("P4", "a close on the other half than the invitation", world, (FOUNDER, 0), (first, 1))

    world = Forked()
    world.enrol(first, "L1")
    world.fork("L1", "half")
    key, _ = world.invite("L1", "P4")
    other = world.state(world.logs["half"], [POLICY, 1, 0])
    world.join(PRESS, key, other)
    yield case("P22", "a join that saw the other half than the invitation", world, (FOUNDER, 0), (first, 1))

    world = Forked()
    rival = Station("P4x")
    key, invitation = world.invite("L1", "P4")
    world.join(PRESS, key, invitation)
    world.join(rival, key, invitation)
    world.fork("P4", "half")
    world.state(world.logs["P4"], [RETURN])
    world.state(world.logs["half"], [ENDPOINTS, 1, ["tcp://10.0.0.4:7700"]])
    endpoints = {"endpoints": {"P4": ["tcp://10.0.0.4:7700"]}}
    world.state(world.root, [ADMIT, world.logs["P4"].replica], saw=["half"])
    yield case("P5", "an admit of a forked log that had seen one half", world, (FOUNDER, 0), (PRESS, 1), **endpoints)


def own_act_folds():
    """Acts of a member on both halves: of counters the greatest, and then the latest."""
    world = ForkedPlant()
    world.fork("P4", "half")
    log, half = world.logs["P4"], world.logs["half"]
    world.state(log, [ENDPOINTS, 3, ["tcp://10.0.0.1:1"]])
    world.state(half, [ENDPOINTS, 2, ["tcp://10.0.0.2:2"]])
    endpoints = {"endpoints": {"P4": ["tcp://10.0.0.1:1"]}}
    yield case("P8", "endpoints on two halves", world, *world.everybody, **endpoints)
    world.state(half, [9])
    world.state(half, [ENDPOINTS, 3, ["tcp://10.0.0.3:3"]])
    endpoints = {"endpoints": {"P4": ["tcp://10.0.0.3:3"]}}
    yield case("P8", "endpoints on two halves with one counter", world, *world.everybody, **endpoints)
    one, other = Station("P4"), Station("P4")
    for number, station in enumerate((one, other)):
        station.transport = agreement_key(f"P4 transport of half {number}")
        station.sealing = agreement_key(f"P4 sealing of half {number}")
    world.state(log, [REKEY, 1, one.transport, one.sealing])
    world.state(half, [REKEY, 2, other.transport, other.sealing])
    yield case("P18", "re-keys on two halves", world, *world.everybody, keys={"P4": other}, **endpoints)

    world = ForkedPlant()
    world.state(world.left, [POLICY, 2, 1])
    world.state(world.right, [POLICY, 1, 0])
    yield case("P21", "policies on two halves", world, *world.everybody, policy=1)
    key = seeded("epoch key of two halves", 32)
    epoch = sha256(key)[:16]
    for log, station in ((world.left, FOUNDER), (world.right, PRESS)):
        world.state(log, [EPOCH, epoch, [wrap(station.sealing, key, world.plant, f"half {station.name}")]])
    shown = {"epoch": epoch, "author": world.lower.key, "recipients": sorted([FOUNDER.key, PRESS.key]), "usable": True}
    yield case("P19", "an epoch on two halves", world, *world.everybody, policy=1, epochs=[shown])

    world = ForkedPlant()
    world.state(world.root, [LAPSE, PRESS.key, None])
    world.state(world.fork("P4", "half"), [ENDPOINTS, 1, []])
    world.state(world.logs["P4"], [RETURN])
    yield case("P10", "a lapse that no half had seen", world, *world.everybody, lapsed=["P4"])
    world.state(world.logs["half"], [RETURN], saw=["L1"])
    yield case("P10", "a return on one half", world, *world.everybody)


def first_entry_folds():
    """Two joins of one station in one log."""

    def joined(*invitations, stations):
        """A log whose genesis two joins follow."""
        world = Forked()
        taken = {label: world.invite("L1", label) for label in sorted(set(invitations))}
        last = world.root.last.reference
        station = stations[0]
        world.logs["P4"] = Log(station, genesis(ROSTER, world.plant, station, "P4 roster", frontier=[last]))
        halves = []
        for number, (label, station) in enumerate(zip(invitations, stations)):
            half = world.fork("P4", f"half {number}", at=0, station=station)
            key, invitation = taken[label]
            world.append(half, [join_act(station, key, world.plant)], [invitation.reference])
            halves.append(half)
        return world, sorted(halves, key=lambda half: half.entries[1].hash)

    world, (smaller, greater) = joined("one", "two", stations=[PRESS, PRESS])
    world.state(smaller, [ENDPOINTS, 1, ["tcp://10.0.0.1:1"]])
    world.state(greater, [ENDPOINTS, 2, ["tcp://10.0.0.2:2"]])
    endpoints = {"endpoints": {"P4": ["tcp://10.0.0.1:1"]}}
    yield case("P22", "two joins in one log by two invitations", world, (FOUNDER, 0), (PRESS, 1), **endpoints)
    saw = [label for label, log in world.logs.items() if log is smaller]
    world.state(world.root, [POLICY, 1, 0], saw=saw)
    world.state(greater, [ENDPOINTS, 2, ["tcp://10.0.0.3:3"]], saw=["L1"])
    endpoints = {"endpoints": {"P4": ["tcp://10.0.0.3:3"]}}
    yield case("P2", "the other half after it had seen the admission", world, (FOUNDER, 0), (PRESS, 1), **endpoints)

    other = Station("P4")
    other.name, other.transport = "P5", agreement_key("P5 transport of P4")
    world, (smaller, greater) = joined("one", "one", stations=[PRESS, other])
    yield case("P22", "two joins in one log by one invitation", world, (FOUNDER, 0), (smaller.station, 1))
    saw = [label for label, log in world.logs.items() if log is greater]
    world.state(world.root, [ADMIT, smaller.replica], saw=saw)
    yield case("P5", "an admit that had seen one of two joins in one log", world, (FOUNDER, 0), (greater.station, 1))

    world, (smaller, greater) = joined("one", "one", stations=[PRESS, other])
    rival = Station("P4x")
    key, invitation = world.invite("L1", "one")
    world.join(rival, key, invitation)
    saw = [label for label, log in world.logs.items() if log is greater]
    world.state(world.root, [ADMIT, path_name(greater.replica, greater.entries[1].hash)], saw=saw)
    yield case("P22", "an admit that names a path", world, (FOUNDER, 0))
    world.state(world.root, [ADMIT, greater.replica], saw=saw)
    yield case("P22", "an admit that names the log", world, (FOUNDER, 0), (greater.station, 1))


def later_log_folds():
    plant = ForkedPlant()
    ends = sorted(plant.named(half.last) for half in (plant.left, plant.right))
    fresh = genesis(ROSTER, plant.plant, plant.lower, "a later roster", incarnation=2, predecessors=ends)
    plant.logs["later"] = Log(plant.lower, fresh)
    plant.enrol(plant.guests[4], "later")
    yield case("P22", "a later log whose genesis names both ends", plant, *plant.everybody, (plant.guests[4], 2))
    cut = [plant.common.last, plant.left.last, plant.right.last, plant.logs["later"].last]
    removal = plant.remove(plant.upper, plant.lower, saw=["later"])
    yield plant.expects("P13", "a removal that had seen both halves through a later log", cut, [removal], 0, 1, 2, 3, 4)

    plant = ForkedPlant()
    fresh = genesis(ROSTER, plant.plant, plant.lower, "a later roster", incarnation=2, predecessors=[plant.left.tip])
    plant.logs["later"] = Log(plant.lower, fresh)
    plant.fork("later", "half")
    fifth = Station("E5")
    plant.enrol(plant.guests[4], "later")
    plant.enrol(fifth, "half")
    members = [*plant.everybody, (plant.guests[4], 2), (fifth, 2)]
    yield case("P9", "a later log that is forked itself, behind its genesis", plant, *members)


def reference_folds():
    """One reference in a cut, by whichever name."""

    def removed(*cut):
        plant = ForkedPlant()
        refs = [ref(plant) for ref in cut]
        return plant, plant.remove(plant.upper, plant.lower, refs)

    def left_name(plant):
        return plant.named(plant.left.last)[0]

    def right_name(plant):
        return plant.named(plant.right.last)[0]

    def cut_at(plant, *entries):
        return [plant.common.last, *entries]

    plant, removal = removed(lambda plant: plant.left.entries[3].reference)
    yield plant.expects("P23", "a cut on one half by the log's id", cut_at(plant, plant.left.entries[3]), [removal], 0, 1)
    plant, removal = removed(lambda plant: plant.named(plant.left.entries[3]))
    yield plant.expects("P23", "a cut on one half by its name", cut_at(plant, plant.left.entries[3]), [removal], 0, 1)
    plant, removal = removed(lambda plant: [right_name(plant), *plant.left.entries[3].reference[1:]])
    yield plant.expects("P23", "a cut on one half by the other's name", cut_at(plant, plant.left.entries[3]), [removal], 0, 1)
    plant, removal = removed(lambda plant: plant.common.tip)
    yield plant.expects("P23", "a cut at the fork", cut_at(plant), [removal], 0)
    plant, removal = removed(lambda plant: [left_name(plant), *plant.common.tip[1:]])
    yield plant.expects("P23", "a cut at the fork by the name of a half", cut_at(plant), [removal], 0)
    plant, removal = removed(lambda plant: plant.common.entries[1].reference)
    yield plant.expects("P23", "a cut before the fork", [plant.common.entries[1]], [removal])
    data = data_tip("a", 4)
    plant, removal = removed(lambda plant: plant.left.tip, lambda plant: plant.named(plant.right.last), lambda _: data)
    cut = cut_at(plant, plant.left.last, plant.right.last, data)
    yield plant.expects("P23", "a cut that names two ends", cut, [removal], 0, 1, 2, 3)

    plant = ForkedPlant()
    plant.fork("left", "inner", at=3)
    plant.enrol(plant.guests[4], "inner")
    removal = plant.remove(plant.upper, plant.lower, [plant.left.tip])
    cut = cut_at(plant, plant.left.entries[3], plant.left.last)
    yield plant.expects("P23", "a cut behind two forks", cut, [removal], 0, 1, 2)
    other = plant.remove(FOUNDER, plant.lower, [plant.named(plant.logs["inner"].last)])
    cut = cut_at(plant, plant.left.entries[3])
    yield plant.expects("P14", "two cuts made apart behind a common fork", cut, [removal, other], 0, 1)

    plant = ForkedPlant()
    plant.fork(plant.upper.name, "thief")
    theft = plant.state(plant.logs["thief"], [REVOKE, plant.lower.key, []])
    known = plant.logs[plant.upper.name]
    plant.state(known, [POLICY, 1, 1])
    yield plant.expects("P22", "a removal on one half", [], [theft], policy=1)
    removal = plant.remove(FOUNDER, plant.upper, [known.tip])
    gone = plant.gone(plant.upper, REVOKED, [known.entries[2], known.last], [removal])
    members = [*plant.without(plant.upper), *((plant.guests[index], 2) for index in range(4))]
    yield case("P17", "a removal beyond the cut, on the other half", plant, *members, former=[gone], policy=1)


def missing_folds():
    """Cuts at what nobody holds."""

    def removed(label, sequence):
        plant = ForkedPlant()
        name = plant.named(plant.logs[label].last)[0] if label else plant.common.replica
        ref = [name, sequence, seeded("a hash that nobody holds", 16)]
        return plant, ref, [plant.remove(plant.upper, plant.lower, [ref])]

    plant, _, removals = removed(None, 3)
    yield plant.expects("P23", "a cut at another hash than both halves have", [], removals)
    plant, _, removals = removed("left", 4)
    yield plant.expects("P23", "a cut at another hash by the name of a half", [], removals)
    plant, _, removals = removed("right", 4)
    yield plant.expects("P23", "a cut by the name of a half at a number that the other half has", [], removals)
    plant, ref, removals = removed(None, 9)
    yield plant.expects("P23", "a cut beyond all that is held", [ref], removals, 0)
    plant, ref, removals = removed("left", 9)
    cut = [plant.common.last, ref]
    yield plant.expects("P23", "a cut beyond all that is held by the name of a half", cut, removals, 0, 1, 2)


def several_folds():
    plant = ForkedPlant()
    one = plant.remove(plant.upper, plant.lower, [plant.left.tip])
    other = plant.remove(FOUNDER, plant.lower, [plant.right.tip])
    yield plant.expects("P14", "two cuts made apart on two halves", [plant.common.last], [one, other], 0)

    plant = ForkedPlant()
    one = plant.remove(plant.upper, plant.lower, sorted([plant.left.entries[3].reference, plant.named(plant.right.last)]))
    other = plant.remove(FOUNDER, plant.lower, [plant.named(plant.left.last)])
    cut = [plant.common.last, plant.left.entries[3]]
    yield plant.expects("P14", "two cuts made apart, one on both halves", cut, [one, other], 0, 1)

    plant = ForkedPlant()
    one = plant.remove(plant.upper, plant.lower, [plant.left.entries[3].reference])
    other = plant.remove(FOUNDER, plant.lower, [plant.right.tip], saw=[plant.upper.name])
    cut = [plant.common.last, plant.left.entries[3], plant.right.last]
    yield plant.expects("P14", "a later cut on the other half", cut, [one, other], 0, 1, 3)

    plant = ForkedPlant()
    removal = plant.remove(FOUNDER, plant.lower, saw=["left", "right"])
    cut = [plant.common.last, plant.left.last, plant.right.last]
    yield plant.expects("P13", "an empty cut by one that had seen both halves", cut, [removal], 0, 1, 2, 3)

    plant = ForkedPlant()
    revoke = [REVOKE, plant.lower.key, [plant.right.tip]]
    removal = plant.append(plant.root, [revoke], [plant.left.entries[3].reference])
    cut = [plant.common.last, plant.left.entries[3], plant.right.last]
    yield plant.expects("P13", "a cut on one half by one that had seen some of the other", cut, [removal], 0, 1, 3)


def own_folds():
    plant = ForkedPlant()
    left = plant.state(plant.left, [RETIRE, plant.lower.key, []])
    cut = [plant.common.last, left]
    yield plant.expects("P13", "a retirement of oneself on one half", cut, [left], 0, 1, 2, kind=RETIRED)
    right = plant.state(plant.right, [RETIRE, plant.lower.key, []])
    yield plant.expects("P14", "retirements of oneself on both halves", [plant.common.last], [left, right], 0, kind=RETIRED)
    removal = plant.remove(plant.upper, plant.lower, [plant.left.tip])
    yield plant.expects("P12", "a retirement of oneself where another's cut leaves nothing", cut, [left, removal], 0, 1, 2)


def reinstatement_folds():
    def twice_removed():
        """The upper admin revokes a station on both halves of his log."""
        plant = ForkedPlant()
        plant.fork(plant.upper.name, "half")
        one = plant.state(plant.logs[plant.upper.name], [REVOKE, PRESS.key, []])
        other = plant.state(plant.logs["half"], [REVOKE, PRESS.key, [data_tip("a", 5)]])
        return plant, one, other

    def stay(plant):
        return [member for member in plant.everybody if member[0] is not PRESS]

    def reinstated(plant, *removals):
        saw = [plant.upper.name, "half"]
        return plant.state(plant.root, [REINSTATE, PRESS.key, sorted(removals)], saw=saw)

    plant, one, other = twice_removed()
    gone = plant.gone(PRESS, REVOKED, [], [one, other])
    yield case("P14", "revocations on both halves of one log", plant, *stay(plant), former=[gone])
    reinstated(plant, one.reference)
    gone = plant.gone(PRESS, REVOKED, [data_tip("a", 5)], [other])
    yield case("P16", "a reinstatement that names a removal by the log's id", plant, *stay(plant), former=[gone])
    reinstated(plant, plant.named(other))
    yield case("P16", "a second one that names the other by its half", plant, *plant.everybody)

    plant, one, other = twice_removed()
    reinstated(plant, one.reference, plant.named(other))
    yield case("P16", "a reinstatement that names the removals on both halves", plant, *plant.everybody)

    plant, one, other = twice_removed()
    reinstated(plant, other.reference, plant.named(other))
    gone = plant.gone(PRESS, REVOKED, [], [one])
    yield case("P16", "a reinstatement that names one removal by two names", plant, *stay(plant), former=[gone])

    plant, one, other = twice_removed()
    plant.state(plant.logs["half"], [REINSTATE, PRESS.key, [one.reference]])
    gone = plant.gone(PRESS, REVOKED, [], [one, other])
    yield case("P16", "a reinstatement on the other half than the removal", plant, *stay(plant), former=[gone])
