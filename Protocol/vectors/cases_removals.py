"""Folds for 05-roster.md P11 to P21: removal, recovery, keys, epochs and policy."""

from cases_folds import EPOCH, POLICY, REINSTATE, REKEY, RETIRE, REVOKE, World, case
from cases_logs import FOUNDER, RECOVERY
from structures import ADMIN, RELAY, ROSTER, Log, Station, agreement_key, genesis, seeded, sha256, wrap

PRESS = Station("P4")
REVOKED, RETIRED = 1, 0


class Recovery:
    """The recovery key in the place of a station."""

    signing = RECOVERY
    key = RECOVERY.public


class Plant(World):
    """A founder, two admins in the order of rank, and a station that the upper of them invited."""

    def __init__(self):
        super().__init__()
        joined = []
        for name in ("A1", "A2"):
            station = Station(name, ADMIN)
            key, invitation = self.invite("L1", name, ADMIN)
            self.join(station, key, invitation)
            joined.append(station)
        self.upper, self.lower = sorted(joined, key=lambda station: self.logs[station.name].entries[1].hash)
        self.enrol(PRESS, self.upper.name)

    @property
    def members(self):
        return [(FOUNDER, 0), (self.upper, 1), (self.lower, 1), (PRESS, 2)]

    def without(self, *stations):
        return [member for member in self.members if member[0] not in stations]

    def enrol(self, station, inviter, saw=()):
        key, invitation = self.invite(inviter, station.name, station.role, saw)
        return self.join(station, key, invitation)

    def remove(self, author, station, cut=(), kind=REVOKE, saw=()):
        return self.state(self.logs[author.name], [kind, station.key, sorted(cut)], saw=saw)

    def reinstate(self, author, station, removals, saw=()):
        names = sorted(removal.reference for removal in removals)
        return self.state(self.logs[author.name], [REINSTATE, station.key, names], saw=saw)

    def recover(self, *content, saw=(), label="recovery"):
        deps = [self.logs[name].tip for name in saw]
        log = Log(Recovery, genesis(ROSTER, self.plant, Recovery, f"{label} roster", frontier=sorted(deps)))
        self.append(log, content, deps)
        self.logs[label] = log
        return log.last


def former(station, kind, cut, removals):
    """How a fold describes a former member."""
    return {
        "station": station.key,
        "kind": kind,
        "cut": sorted(cut),
        "removals": sorted(removal.reference for removal in removals),
    }


def data_tip(label, sequence):
    return [seeded(f"data {label}", 16), sequence, seeded(f"data {label} {sequence}", 16)]


def folds():
    for make in (cut_folds, several_folds, own_folds, reinstatement_folds, recovery_folds, key_folds, epoch_folds):
        yield from make()


def cut_folds():
    plant = Plant()
    removal = plant.remove(plant.upper, PRESS)
    gone = former(PRESS, REVOKED, [], [removal])
    yield case("P12", "a revocation", plant, *plant.without(PRESS), former=[gone])

    plant = Plant()
    early, late = Station("E1"), Station("E2")
    plant.enrol(early, plant.lower.name)
    last = plant.logs[plant.lower.name].tip
    plant.enrol(late, plant.lower.name)
    removal = plant.remove(plant.upper, plant.lower, [last, data_tip("a", 40)])
    gone = former(plant.lower, REVOKED, [last, data_tip("a", 40)], [removal])
    stay = (*plant.without(plant.lower), (early, 2))
    yield case("P17", "an invitation within the cut and one beyond it", plant, *stay, former=[gone])

    plant = Plant()
    early = Station("E1")
    plant.enrol(early, plant.lower.name)
    removal = plant.remove(plant.upper, plant.lower, saw=[plant.lower.name])
    gone = former(plant.lower, REVOKED, [plant.logs[plant.lower.name].tip], [removal])
    stay = (*plant.without(plant.lower), (early, 2))
    yield case("P13", "an empty cut by one that had seen the log", plant, *stay, former=[gone])

    plant = Plant()
    forged = [*plant.logs[plant.lower.name].tip[:2], bytes(16)]
    removal = plant.remove(plant.upper, plant.lower, [forged, plant.logs["P4"].tip])
    gone = former(plant.lower, REVOKED, [], [removal])
    yield case("P13", "a cut at another history and at another's log", plant, *plant.without(plant.lower), former=[gone])

    plant = Plant()
    everybody = [plant.upper.name, plant.lower.name, "P4", "L1"]
    for author, target in ((PRESS, plant.lower), (plant.lower, plant.upper), (plant.upper, FOUNDER), (plant.upper, plant.upper)):
        plant.remove(author, target, saw=[name for name in everybody if name != author.name])
    yield case("P12", "removals from below, without the right, and of oneself", plant, *plant.members)

    plant = Plant()
    down = plant.remove(plant.upper, plant.lower)
    plant.remove(plant.lower, plant.upper)
    gone = former(plant.lower, REVOKED, [], [down])
    yield case("P12", "two admins that revoke each other", plant, *plant.without(plant.lower), former=[gone])

    plant = Plant()
    known = plant.logs[plant.upper.name].tip
    for target in (FOUNDER, plant.lower, PRESS):
        plant.remove(plant.upper, target)
    removal = plant.remove(FOUNDER, plant.upper, [known])
    gone = former(plant.upper, REVOKED, [known], [removal])
    yield case("P17", "a stolen admin laptop that removes everyone", plant, *plant.without(plant.upper), former=[gone])

    plant = Plant()
    station = Station("P9")
    removal = plant.remove(FOUNDER, station)
    plant.enrol(station, plant.upper.name)
    yield case("P12", "a revocation that had not seen the join", plant, *plant.members, former=[former(station, REVOKED, [], [removal])])


def several_folds():
    plant = Plant()
    first = plant.remove(plant.upper, PRESS, [data_tip("a", 5), data_tip("b", 7), data_tip("c", 4)])
    second = plant.remove(plant.lower, PRESS, [data_tip("a", 9), data_tip("b", 3)])
    gone = former(PRESS, REVOKED, [data_tip("a", 5), data_tip("b", 3)], [first, second])
    yield case("P14", "two revocations made apart", plant, *plant.without(PRESS), former=[gone])
    third = plant.remove(
        plant.upper, PRESS, [data_tip("a", 9), data_tip("b", 1), data_tip("c", 4)], kind=RETIRE, saw=[plant.lower.name]
    )
    cut = [data_tip("a", 9), data_tip("b", 3), data_tip("c", 4)]
    gone = former(PRESS, RETIRED, cut, [first, second, third])
    yield case("P14", "a retirement that had seen both", plant, *plant.without(PRESS), former=[gone])
    fourth = plant.remove(plant.lower, PRESS, [data_tip("a", 12)], saw=[plant.upper.name])
    gone = former(PRESS, REVOKED, cut, [first, second, third, fourth])
    yield case("P14", "a later cut from below", plant, *plant.without(PRESS), former=[gone])

    plant = Plant()
    first = plant.remove(plant.upper, PRESS, kind=RETIRE)
    second = plant.remove(plant.lower, PRESS)
    gone = former(PRESS, REVOKED, [], [first, second])
    yield case("P15", "a retirement and a revocation made apart", plant, *plant.without(PRESS), former=[gone])


def own_folds():
    plant = Plant()
    own = plant.remove(plant.lower, plant.lower, kind=RETIRE)
    plant.enrol(Station("E2"), plant.lower.name)
    gone = former(plant.lower, RETIRED, [own.reference], [own])
    yield case("P12", "a retirement of oneself, and an invitation after it", plant, *plant.without(plant.lower), former=[gone])

    plant = Plant()
    own = plant.remove(plant.lower, plant.lower, [data_tip("a", 10**6)], kind=RETIRE)
    removal = plant.remove(plant.upper, plant.lower, [data_tip("a", 5)], saw=[plant.lower.name])
    gone = former(plant.lower, REVOKED, [data_tip("a", 5), own.reference], [own, removal])
    yield case("P14", "a generous retirement of oneself, and a revocation", plant, *plant.without(plant.lower), former=[gone])

    plant = Plant()
    known = plant.logs[plant.lower.name].tip
    plant.remove(plant.lower, plant.lower, [data_tip("a", 10**6)], kind=RETIRE)
    removal = plant.remove(plant.upper, plant.lower, [known])
    gone = former(plant.lower, REVOKED, [known], [removal])
    yield case("P12", "a retirement of oneself beyond another's cut", plant, *plant.without(plant.lower), former=[gone])


def reinstatement_folds():
    plant = Plant()
    removal = plant.remove(plant.upper, PRESS)
    plant.reinstate(FOUNDER, PRESS, [removal], saw=[plant.upper.name])
    yield case("P16", "a reinstatement", plant, *plant.members)
    apart = plant.remove(plant.lower, PRESS)
    gone = former(PRESS, REVOKED, [], [apart])
    yield case("P16", "a reinstatement, and a revocation made apart", plant, *plant.without(PRESS), former=[gone])

    plant = Plant()
    removal = plant.remove(plant.upper, PRESS)
    plant.reinstate(FOUNDER, PRESS, [removal])
    gone = former(PRESS, REVOKED, [], [removal])
    yield case("P16", "a reinstatement that had not seen the removal", plant, *plant.without(PRESS), former=[gone])

    plant = Plant()
    above = plant.remove(plant.upper, PRESS)
    below = plant.remove(plant.lower, PRESS)
    plant.reinstate(plant.lower, PRESS, [above, below], saw=[plant.upper.name])
    gone = former(PRESS, REVOKED, [], [above, below])
    yield case("P16", "a reinstatement from below one of the removers", plant, *plant.without(PRESS), former=[gone])
    plant.reinstate(plant.lower, PRESS, [below])
    gone = former(PRESS, REVOKED, [], [above])
    yield case("P16", "a reinstatement that names one of two removals", plant, *plant.without(PRESS), former=[gone])

    plant = Plant()
    removal = plant.remove(plant.upper, PRESS)
    key, invitation = plant.invite(plant.lower.name, "again")
    plant.join(PRESS, key, invitation, label="again")
    gone = former(PRESS, REVOKED, [], [removal])
    yield case("P3", "a revocation and a second join", plant, *plant.without(PRESS), former=[gone])


def recovery_folds():
    plant = Plant()
    known = plant.logs["L1"].tip
    removal = plant.recover([REVOKE, FOUNDER.key, [known]], saw=["L1"])
    plant.state(plant.logs[plant.upper.name], [REVOKE, RECOVERY.public, []])
    gone = former(FOUNDER, REVOKED, [known], [removal])
    yield case("P11", "the recovery key revokes the founder", plant, *plant.without(FOUNDER), former=[gone])
    plant.recover([REINSTATE, FOUNDER.key, [removal.reference]], saw=["recovery"], label="second recovery")
    yield case("P11", "the recovery key reinstates the founder from another log", plant, *plant.members)


def key_folds():
    plant = Plant()
    log = plant.logs["P4"]
    fresh = Station("P4")
    fresh.transport, fresh.sealing = agreement_key("P4 second transport"), agreement_key("P4 second sealing")
    plant.state(log, [REKEY, 2, fresh.transport, fresh.sealing])
    plant.state(log, [REKEY, 1, agreement_key("P4 old transport"), agreement_key("P4 old sealing")])
    yield case("P18", "re-keys out of order", plant, *plant.members, keys={"P4": fresh})
    plant.state(log, [REKEY, 3, bytes(32), fresh.sealing])
    yield case("P18", "a re-key with a key of small order", plant, *plant.members, keys={"P4": fresh})

    plant = Plant()
    plant.state(plant.logs["P4"], [POLICY, 9, 1])
    yield case("P21", "a policy by a station", plant, *plant.members, policy=0)
    plant.state(plant.logs[plant.lower.name], [POLICY, 2, 5])
    yield case("P21", "a policy by an admin, with an unknown flag", plant, *plant.members, policy=5)
    plant.state(plant.logs["L1"], [POLICY, 1, 0])
    yield case("P21", "a policy of a smaller counter", plant, *plant.members, policy=5)


def epoch_folds():
    def epoch(plant, author, label, *stations, others=()):
        key = seeded(f"epoch key {label}", 32)
        sealing = [station.sealing for station in stations] + list(others)
        wraps = sorted(wrap(recipient, key, plant.plant, f"{label} {recipient.hex()}") for recipient in sealing)
        name = sha256(key)[:16]
        plant.state(plant.logs[author.name], [EPOCH, name, wraps])
        return name

    def shown(name, author, usable, *stations):
        recipients = sorted(station.key for station in stations)
        return {"epoch": name, "author": author.key, "recipients": recipients, "usable": usable}

    plant = Plant()
    first = epoch(plant, PRESS, "one", PRESS, FOUNDER)
    plant.state(plant.logs["L1"], [POLICY, 1, 0], saw=["P4"])
    second = epoch(plant, FOUNDER, "two", FOUNDER)
    epochs = [shown(first, PRESS, True, PRESS, FOUNDER), shown(second, FOUNDER, True, FOUNDER)]
    yield case("P19", "two epochs", plant, *plant.members, epochs=epochs)
    epoch(plant, FOUNDER, "one", plant.lower)
    epochs = [shown(first, PRESS, True, PRESS, FOUNDER, plant.lower), *epochs[1:]]
    yield case("P19", "an epoch that is given to another station", plant, *plant.members, epochs=epochs)
    last = plant.logs["P4"].tip
    removal = plant.remove(plant.upper, PRESS, [last])
    gone = former(PRESS, REVOKED, [last], [removal])
    epochs = [epochs[0] | {"usable": False}, *epochs[1:]]
    yield case("P20", "an epoch of a former member is not usable", plant, *plant.without(PRESS), epochs=epochs, former=[gone])

    plant = Plant()
    relay = Station("R1", RELAY)
    plant.enrol(relay, "L1")
    first = epoch(plant, relay, "relay", FOUNDER)
    yield case("P19", "an epoch by a relay", plant, *plant.members, (relay, 1), epochs=[])
    first = epoch(plant, FOUNDER, "given to a relay", FOUNDER, relay)
    epochs = [shown(first, FOUNDER, False, FOUNDER, relay)]
    yield case("P20", "an epoch that is given to a relay", plant, *plant.members, (relay, 1), epochs=epochs)

    plant = Plant()
    first = epoch(plant, FOUNDER, "strange", FOUNDER, others=[agreement_key("nobody")])
    epochs = [shown(first, FOUNDER, False, FOUNDER)]
    yield case("P20", "an epoch that is given to a key of nobody", plant, *plant.members, epochs=epochs)

    plant = Plant()
    first = epoch(plant, FOUNDER, "copied", FOUNDER)
    plant.state(plant.logs["P4"], [REKEY, 1, PRESS.transport, FOUNDER.sealing])
    last = plant.logs["P4"].tip
    removal = plant.remove(plant.upper, PRESS, [last])
    gone = former(PRESS, REVOKED, [last], [removal])
    epochs = [shown(first, FOUNDER, True, FOUNDER, PRESS)]
    yield case("P20", "a former member that copied a member's key", plant, *plant.without(PRESS), epochs=epochs, former=[gone])

    plant = Plant()
    fresh = Station("P4")
    fresh.transport, fresh.sealing = agreement_key("P4 second transport"), agreement_key("P4 second sealing")
    plant.state(plant.logs["P4"], [REKEY, 1, fresh.transport, fresh.sealing])
    first = epoch(plant, FOUNDER, "former key", PRESS)
    epochs = [shown(first, FOUNDER, True, PRESS)]
    keys = {"P4": fresh}
    yield case("P19", "an epoch that is wrapped to a key of before", plant, *plant.members, epochs=epochs, keys=keys)
