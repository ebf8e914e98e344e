"""Runs the test vectors of Protocol/vectors against this peer, and prints how many cases of each file passed."""

import json
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Callable, Iterable

from . import acts, agreement, branches, bundle, checkpoints, keys, log, messages
from .beacon import open_datagram, read_beacon
from .body import Body, Register, SetEdit
from .encoding import Malformed, Map, decode, encode
from .fields import Dot, Ref, array, blob
from .packs import Context
from .replica import Replica, unwrapped
from .roster import Epoch, Former, fold, recognised
from .trees import Trees

REFUSALS = (Malformed, log.Unverified, bundle.Refused)


def unpacked(text: str | dict[str, list[Any]]) -> bytes:
    """The bytes of a hexadecimal string, or of pieces that are to be joined."""
    if isinstance(text, str):
        return bytes.fromhex(text)
    pieces = text["packed"]
    return b"".join(bytes.fromhex(p) if isinstance(p, str) else bytes.fromhex(p[0]) * p[1] for p in pieces)


def equal(got: Any, expected: Any, what: str) -> None:
    if got != expected:
        raise AssertionError(f"{what}: {got!r} and not {expected!r}")


def notation(item: Any) -> Any:
    """An item as items.json writes it."""
    if item is None or isinstance(item, bool):
        return item if item is not None else {"null": True}
    if isinstance(item, int):
        return {"int": str(item)}
    if isinstance(item, float):
        return {"float": item.hex()}
    if isinstance(item, bytes):
        return {"bytes": item.hex()}
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, Map):
        return {"map": [[notation(key), notation(value)] for key, value in item]}
    return {"array": [notation(element) for element in item]}


def items(case: dict[str, Any]) -> None:
    data = unpacked(case["input"])
    item = decode(data)
    equal(encode(item), data, "encoded again")
    expected = case.get("value")
    if isinstance(expected, dict) and set(expected) & {"int", "text", "bytes"}:
        equal(notation(item), expected, "value")
    if isinstance(expected, dict) and "float" in expected:
        equal(item, float.fromhex(expected["float"]), "value")


def place(case: dict[str, Any]) -> tuple[bytes | None, int, bytes, int]:
    at = case["place"]
    replica = bytes.fromhex(at["replica"]) if at.get("replica") else None
    return replica, at["sequence"], bytes.fromhex(at["previous"]), at["kind"]


def entries(case: dict[str, Any]) -> None:
    replica, seq, previous, kind = place(case)
    entry = log.Entry.decode(unpacked(case["input"]), seq == 0, kind == log.ROSTER, replica)
    equal(entry.encoded(), unpacked(case["input"]), "encoded again")
    equal(entry.header(replica, seq).hex(), case["header"], "header")
    equal(entry.hash(replica, seq, previous).hex(), case["hash"], "hash")


def genesis(case: dict[str, Any]) -> None:
    found = log.Genesis.decode(unpacked(case["input"]))
    equal(found.encoded(), unpacked(case["input"]), "encoded again")
    entry = log.Entry((), None, 0, found.encoded())
    equal(entry.hash(None, 0, log.NO_HASH).hex(), case["hash"], "hash")
    equal(entry.encoded().hex(), case["entry"], "entry")


def bodies(case: dict[str, Any]) -> None:
    body = Body.decode(unpacked(case["input"]), bytes.fromhex(case["author"]), case["sequence"])
    expected = case["expected"]
    for name in ("timestamp", "lamport", "schema", "actor", "reason"):
        equal(getattr(body, name), expected[name], name)
    for got, wanted in zip(body.operations, expected["operations"], strict=True):
        equal((got.table, got.row.hex(), got.verb), (wanted["table"], wanted["row"], wanted["verb"]), "operation")
        equal(dots(got.saw), wanted["saw"], "saw")
        for effect, shape in zip(got.effects, wanted["effects"], strict=True):
            equal(effect.group, shape["group"], "group")
            if isinstance(effect, Register):
                equal(dots(effect.replaces), shape["replaces"], "replaces")
            if isinstance(effect, SetEdit):
                equal([dots(e.saw) for e in effect.elements], [e["saw"] for e in shape["elements"]], "elements")


def dots(found: tuple[Dot, ...]) -> list[list[Any]]:
    return [[dot.replica.hex(), dot.seq] for dot in found]


def coded(case: dict[str, Any]) -> None:
    replica, seq, previous, kind = place(case)
    assert replica
    entry = log.Entry.decode(unpacked(case["input"]), seq == 0, kind == log.ROSTER, replica)
    epoch_key = bytes.fromhex(case["epochKey"] or "")
    content = entry.content(replica, seq, previous, epoch_key)
    if "content" in case:
        equal(content, unpacked(case["content"]), "content")
    if entry.seal and not entry.coding:
        again = log.Entry.sealed(entry.deps, content, (replica, seq, previous), epoch_key, entry.seal.nonce)
        equal(again, entry, "sealed again")


def heads(case: dict[str, Any]) -> None:
    signature = log.read_head(decode(unpacked(case["input"])))
    at = bytes.fromhex(case["replica"]), case["sequence"], bytes.fromhex(case["hash"])
    signed = log.what_a_head_signs(bytes.fromhex(case["plant"]), *at)
    if "signed" in case:
        equal(signed.hex(), case["signed"], "signed bytes")
    station = bytes.fromhex(case["station"])
    if not keys.is_acceptable_signing_key(station) or not keys.verifies(station, signature, signed):
        raise log.Unverified("the head")
    if "seed" in case:
        equal(keys.sign(bytes.fromhex(case["seed"]), signed), signature, "signed again")


def runs(case: dict[str, Any]) -> None:
    run = log.Run.read(decode(unpacked(case["input"])))
    before = bytes.fromhex(case["before"]) if case["before"] else log.NO_HASH
    if run.first and run.previous != before[:16]:
        raise log.Unverified("another history")
    station = bytes.fromhex(case["station"])
    known = log.Genesis(log.DATA, bytes.fromhex(case["plant"]), station, bytes(16), 1, (), (), None)
    _, links = log.verify(run, bytes.fromhex(case["plant"]), before, known if run.first else None)
    equal([link.hash.hex() for link in links], case["hashes"], "hashes")


def digests(case: dict[str, Any]) -> None:
    refs = [Ref(bytes.fromhex(replica), seq, bytes.fromhex(prefix)) for replica, seq, prefix in case["input"]]
    equal(messages.digest(refs)[:16].hex(), case["root"], "root")
    equal(messages.digest(refs)[:8].hex(), case["child"], "child")


def roster(case: dict[str, Any]) -> None:
    body = acts.RosterBody.decode(unpacked(case["input"]))
    expected = case["expected"]
    equal((body.timestamp, body.lamport), (expected["timestamp"], expected["lamport"]), "clock")
    for act, wanted in zip(body.acts, expected["acts"], strict=True):
        equal(acts.kind_of(act), wanted["kind"], "kind")
    if "signed" in case:
        join = next(act for act in body.acts if isinstance(act, acts.Join))
        plant, station = bytes.fromhex(case["plant"]), bytes.fromhex(case["station"])
        equal(acts.what_a_join_signs(plant, station, join.member).hex(), case["signed"], "signed bytes")
        equal(join.verifies(plant, station), True, "join verifies")


def tokens(case: dict[str, Any]) -> None:
    token = acts.Token.parse(case["input"])
    equal(keys.signing_public(token.invite_seed()).hex(), case["inviteKey"], "invite key")
    expected = case["expected"]
    equal([[endpoint, key.hex()] for endpoint, key in token.routes], expected["routes"], "routes")
    equal((token.role, token.name, token.lamport), tuple(expected[k] for k in ("role", "name", "lamport")), "fields")


def loaded(plant: bytes, runs_in_order: list[bytes]) -> Replica:
    """A replica in memory that was given these runs."""
    replica = Replica.in_memory(plant)
    for data in runs_in_order:
        replica.receive(log.Run.read(decode(data)))
    return replica


def folds(case: dict[str, Any]) -> None:
    plant = bytes.fromhex(case["plant"])
    for order in (case["input"], case["input"][::-1]):
        trees = Trees(plant)
        trees.take_up([log.Run.read(decode(bytes.fromhex(data))) for data in order])
        found = fold(plant, trees.paths())
        admitting = {member.log for member in found.members.values()}
        equal(admitting - recognised(plant, trees.paths()), set(), "logs of members that nobody stores")
        equal([shape_of(m) for m in found.members.values()], case["members"], "members")
        equal([former_of(f) for f in found.former.values()], case.get("former", []), "former members")
        equal(found.plant_name, case.get("plantName", found.plant_name), "the plant's name")
        equal(found.policy, case.get("policy", found.policy), "policy")
        if "epochs" in case:
            equal([epoch_of(e) for e in found.epochs], case["epochs"], "epochs")


def shape_of(member: Any) -> dict[str, Any]:
    return {
        "station": member.station.hex(), "name": member.member.name, "role": member.member.role,
        "transport": member.member.transport.hex(), "sealing": member.member.sealing.hex(), "depth": member.depth,
        "endpoints": list(member.endpoints), "lapsed": member.is_lapsed,
    }  # fmt: skip


def former_of(former: Former) -> dict[str, Any]:
    return {
        "station": former.standing.station.hex(), "kind": int(former.is_revoked),
        "cut": refs_of(sorted(former.cut.values())), "removals": refs_of(former.removals),
    }  # fmt: skip


def refs_of(refs: Iterable[Ref]) -> list[list[Any]]:
    return [[ref.replica.hex(), ref.seq, ref.prefix.hex()] for ref in refs]


def epoch_of(epoch: Epoch) -> dict[str, Any]:
    recipients = [station.hex() for station in epoch.recipients]
    return {"epoch": epoch.name.hex(), "author": epoch.author.hex(), "recipients": recipients, "usable": epoch.is_usable}


def epochs(case: dict[str, Any]) -> None:
    recipient, encapsulated, sealed = decode(unpacked(case["input"]))
    wrap, secret = acts.Wrap(recipient, encapsulated, sealed), bytes.fromhex(case["sealingSecret"])
    for part, length in zip(wrap, (32, 32, 48)):
        blob(part, length)
    equal(keys.agreement_public(secret) if case["valid"] else recipient, recipient, "recipient")
    key = unwrapped(wrap, bytes.fromhex(case["plant"]), bytes.fromhex(case["epoch"]), secret)
    if key is None:
        raise Malformed("P19: a wrap that does not open")
    equal(key.hex(), case["key"], "key")


def frames(case: dict[str, Any]) -> None:
    session, message = messages.read_frame(unpacked(case["input"]))
    equal(session.hex(), case["session"], "session")
    if not case["expected"].get("extensions"):
        equal(messages.write_frame(session, message), unpacked(case["input"]), "written again")


def forks(case: dict[str, Any]) -> None:
    proof = branches.ForkProof.read(decode(unpacked(case["input"])))
    proof.verify(bytes.fromhex(case["plant"]), bytes.fromhex(case["station"]))
    equal((proof.replica.hex(), proof.first), (case["log"], case["first"]), "place")
    equal([name.hex() for name in proof.names()], case["names"], "names")


def rows(case: dict[str, Any]) -> None:
    states = {(table, bytes.fromhex(row)): unpacked(state) if state else None for table, row, state in case["rows"]}
    tree = agreement.Tree(states, bytes.fromhex(case["epoch"] or case["plant"]))
    for (name, mark), stated in zip(case["ranges"], case["statements"], strict=True):
        digits = bytes.fromhex(name)
        equal(tree.fingerprint(digits).hex(), mark, f"fingerprint of {name!r}")
        equal(encode(tree.statement(digits).item()), unpacked(stated), f"statement about {name!r}")


def words(case: dict[str, Any]) -> None:
    parts = [bytes.fromhex(case[name]) for name in ("plant", "station", "transport", "sealing", "genesis")]
    equal(acts.words(*parts), case["words"], "words")


def manifests(case: dict[str, Any]) -> None:
    item, head = array(decode(unpacked(case["input"])), 2)
    manifest, signature = checkpoints.Manifest.read(item), log.read_head(head)
    if not manifest.verifies(signature):
        raise log.Unverified("C2: the manifest")
    equal([encode(manifest.item()), manifest.signed().hex()], [encode(item), case["signed"]], "encoded, and signed bytes")
    equal([manifest.id.hex(), manifest.maker.hex()], [case["expected"]["id"], case["key"]], "id and maker")


def beacons(case: dict[str, Any]) -> None:
    plant = bytes.fromhex(case["plant"])
    content = open_datagram(unpacked(case["input"]), plant)
    beacon = read_beacon(content, plant)
    equal([content.hex(), beacon.signed(plant).hex()], [case["beacon"], case["signed"]], "beacon and signed bytes")
    equal([beacon.station.hex(), beacon.counter, list(beacon.endpoints)], list(case["expected"].values()), "fields")


def packs(case: dict[str, Any]) -> None:
    reading, writing = Context(), Context()
    found = [reading.unpack(decode(unpacked(data))) for data in case["input"]]
    equal([encode(run.item()).hex() for run in found], [unpacked(r).hex() for r in case["runs"]], "runs")
    again = [encode(writing.pack(run)) for run in found]
    equal(again, [unpacked(data) for data in case["input"]], "packed again")


def bundles(case: dict[str, Any]) -> None:
    found = list(bundle.sections(BytesIO(unpacked(case["input"]))))
    preamble, *_, end = found
    expected = case["expected"]
    equal([*(p.hex() for p in preamble[:2]), preamble.made], [expected[n] for n in ("plant", "writer", "made")], "preamble")
    for name, place in (("base", (0, 0)), ("end", (1, 0)), ("rosterEnd", (1, 1)), ("floors", (2, 0))):
        stated = [ref for s in found if isinstance(s, bundle.Extent) and s[:2] == place for ref in s.refs]
        equal(refs_of(stated), [list(ref.values()) for ref in expected[name]], name)
    for name, kind in (("runs", log.ROSTER), ("data", log.DATA)):
        runs = [run for s in found if isinstance(s, bundle.Runs) and s.kind == kind for run in s.runs]
        equal([encode(run.item()) for run in runs], [unpacked(run) for run in expected[name]], name)
    equal(end, bundle.End(expected["entries"]), "end")
    again = bundle.pieces([decode(unpacked(section)) for section in case["sections"]], compresses=False)
    equal(list(again), [unpacked(piece) for piece in case["pieces"]], "pieces")


def merges(case: dict[str, Any]) -> None:
    plant = acts.Token.parse(case["token"]).plant
    order = case["runs"]
    for runs_in_order in (order, [order[at] for at in case["otherOrder"]]):
        replica = loaded(plant, [bytes.fromhex(r) for r in [*case["roster"], *runs_in_order]])
        state = replica.state()
        equal([row.hex() for row in state.encoded_rows()], case["rows"], "rows")
        equal(state.digest().hex(), case["digest"], "digest")


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "items": items, "entries": entries, "genesis": genesis, "bodies": bodies, "coded": coded, "heads": heads,
    "runs": runs, "digests": digests, "roster": roster, "tokens": tokens, "folds": folds, "epochs": epochs, "frames": frames,
    "packs": packs, "merges": merges, "rows": rows, "words": words, "manifests": manifests,
    "beacons": beacons, "forks": forks, "bundles": bundles,
}  # fmt: skip


def passes(check: Callable[[dict[str, Any]], None], case: dict[str, Any]) -> str | None:
    """What is wrong with a case, or None."""
    try:
        check(case)
    except REFUSALS as refusal:
        return None if not case["valid"] else f"refused: {refusal}"
    except AssertionError as difference:
        return str(difference) if case["valid"] else "accepted"
    except KeyError as missing:
        # An invalid case has nothing to compare with: it got further than it should.
        return f"accepted, and has no {missing}"
    return None if case["valid"] else "accepted"


def main(folder: Path) -> int:
    failed = 0
    print(f"{'file':<12} {'passed':>6} {'of':>5}")
    for name, check in CHECKS.items():
        cases = json.loads((folder / f"{name}.json").read_text())["cases"]
        faults = [(case, fault) for case in cases if (fault := passes(check, case))]
        print(f"{name:<12} {len(cases) - len(faults):>6} {len(cases):>5}")
        for case, fault in faults:
            print(f"    {case['rule']}: {case['name']}: {fault[:300]}", file=sys.stderr)
        failed += len(faults)
    print(f"vectors: {sha256(b''.join(sorted(p.read_bytes() for p in folder.glob('*.json')))).hexdigest()[:16]}")
    return 1 if failed else 0
