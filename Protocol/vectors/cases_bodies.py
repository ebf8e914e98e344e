"""Vectors for the data bodies of 02-change.md and the operations of 04-operations.md."""

from encoding import Raw, encode
from structures import seeded

SEQUENCE = 10
AUTHOR = bytes([0x80]) + seeded("author", 15)
BELOW = [bytes([0x10]) + seeded("below", 15), 7, seeded("below prefix", 16)]
ABOVE = [bytes([0xF0]) + seeded("above", 15), 300, seeded("above prefix", 16)]
REFERENCES = [BELOW, ABOVE]
OWN, LOW, HIGH = 0, 1, 2
ROWS = sorted(seeded(f"row {index}", 16) for index in range(3))
TIME = 1_700_000_000_123 << 16 | 5
INSERT, EDIT, DELETE = 0, 1, 2
KINDS = {0: "register", 1: "set", 2: "increment", 3: "base", 4: "fact", 5: "text", 6: "drop"}


def dots(flat):
    return [dot(flat[index], flat[index + 1]) for index in range(0, len(flat), 2)]


def dot(index, sequence):
    return [([AUTHOR] + [reference[0] for reference in REFERENCES])[index], sequence]


def value(content):
    if content is None:
        return {"null": True}
    if isinstance(content, int):
        return {"int": str(content)}
    if isinstance(content, float):
        return {"float": float.hex(content)}
    return {"bytes": content} if isinstance(content, bytes) else {"text": content}


def effect(fields, unknown=()):
    group, kind, *rest = fields
    result = {"group": group, "kind": kind}
    if kind == 0:
        return result | {"replaces": dots(rest[0]), "values": [value(item) for item in rest[1:]]}
    if kind == 1:
        keys = ("element", "adds", "saw")
        return result | {"elements": [dict(zip(keys, (value(e), verb == 1, dots(saw)))) for e, verb, saw in rest[0]]}
    if kind == 2:
        return result | {"bases": dots(rest[0]), "delta": str(rest[1])}
    if kind == 3:
        observed = [{"dot": dot(index, sequence), "sum": str(total)} for index, sequence, total in rest[0]]
        return result | {"replaces": observed, "value": str(rest[1])}
    if kind == 4:
        return result | {"values": [value(item) for item in rest]}
    if kind == 5:
        return result | {"insertions": [insertion(item) for item in rest[0]], "deletions": deletions(rest[1])}
    if kind == 6 and kind not in unknown:
        return result
    return result | {"encoded": encode(fields)}


def insertion(fields):
    if len(fields) == 1:
        return {"text": fields[0]}
    side, index, sequence, offset, text = fields
    return {"side": side, "dot": dot(index, sequence), "offset": offset, "text": text}


def deletions(flat):
    starts = range(0, len(flat), 4)
    return [{"dot": dot(flat[i], flat[i + 1]), "offset": flat[i + 2], "count": flat[i + 3]} for i in starts]


def operation(fields, unknown=()):
    table, row, verb, saw, effects = fields
    shown = [effect(item, unknown) for item in effects]
    return {"table": table, "row": row, "verb": verb, "saw": dots(saw), "effects": shown}


def body(operations=(), extensions=None, **changes):
    fields = {
        "timestamp": TIME,
        "lamport": 12,
        "schema": 3,
        "actor": "ewa",
        "reason": "called in from press 4",
        "operations": operations if isinstance(operations, Raw) else list(operations),
        "references": REFERENCES,
    } | changes
    return [*fields.values()] + ([] if extensions is None else [extensions])


def case(rule, name, fields, error=None, sequence=SEQUENCE, unknown=()):
    """`unknown` are the kinds of effects that are to be kept as unknown ones."""
    result = {"rule": rule, "name": name, "valid": error is None, "input": encode(fields)}
    result |= {"author": AUTHOR, "sequence": sequence}
    if error:
        return result | {"error": error}
    expected = dict(zip(("timestamp", "lamport", "schema", "actor", "reason"), fields))
    expected |= {"operations": [operation(item, unknown) for item in fields[5]], "references": fields[6]}
    if len(fields) == 8:
        expected["extensions"] = {str(key): encode(content) for key, content in fields[7].items()}
    return result | {"expected": expected}


def insert(*effects, row=ROWS[0], table=1):
    return [table, row, INSERT, [], list(effects)]


def edit(*effects, row=ROWS[0], table=1, saw=(OWN, 3)):
    return [table, row, EDIT, list(saw), list(effects)]


def delete(row=ROWS[0], table=1, saw=(OWN, 3)):
    return [table, row, DELETE, list(saw), []]


def bodies():
    yield from valid_bodies()
    yield from invalid_headings()
    yield from invalid_dots()
    yield from invalid_operations()
    yield from invalid_effects()
    yield from invalid_texts()
    yield from invalid_values()


def valid_bodies():
    yield case("B1", "a change without operations", body(references=[]))
    yield case("B1", "no actor and no reason", body(references=[], actor="", reason=""))
    yield case("B1", "an actor of 256 and a reason of 16,384 bytes", body(actor="é" * 128, reason="r" * 16384))
    yield case("E3", "the greatest timestamp", body(timestamp=2**63 - 1))
    yield case("B3", "references that no dot uses", body())
    yield case("B2", "an unknown extension", body(extensions={7: ["later", {1: True}]}))
    yield case("O1", "an insert without effects", body([insert()]))
    yield case("O1", "operations sorted by table, then row", body([insert(row=ROWS[1]), insert(row=ROWS[2]), insert(table=2)]))
    yield case("E11", "the greatest table and group", body([insert([2**32 - 1, 0, [], 1], table=2**32 - 1)]))
    yield case("O2", "an edit that saw dots of three logs", body([edit(saw=(LOW, 7, OWN, 3, OWN, 9, HIGH, 300))]))
    yield case("O4", "an edit that only restores", body([edit()]))
    yield case("O2", "an edit that saw nothing", body([edit(saw=())]))
    yield case("O4", "a delete", body([delete(saw=(LOW, 1, OWN, 3))]))
    yield case("O4", "a delete after an edit of the same change", body([[1, ROWS[0], DELETE, [OWN, 3], [[1, 0, [OWN, 3], "a"]]]]))
    yield case("F1", "a register of one value", body([insert([1, 0, [], "label printer dead"])]))
    every = [None, 0, -1, 2**63 - 1, -(2**63), 1.5, 5e-324, "", "現場", b"", b"\0"]
    yield case("E13", "a register with values of every type", body([insert([1, 0, [], *every])]))
    yield case("E13", "integer 1 and float 1.0", body([insert([1, 0, [], 1, 1.0])]))
    yield case("M3", "a register that replaces siblings", body([edit([1, 0, [LOW, 7, OWN, 3, HIGH, 299], "dead"])]))
    yield case("M3", "a register that replaces nothing", body([edit([1, 0, [], "dead"])]))
    elements = sorted([["packing", 1, []], [7, 1, [OWN, 3]], ["press", 0, [LOW, 2, HIGH, 5]]], key=lambda e: encode(e[0]))
    yield case("F2", "a set that adds and removes", body([edit([5, 1, elements])]))
    yield case("F2", "a set in an insert", body([insert([5, 1, [["packing", 1, []]]])]))
    yield case("F2", "null as an element", body([insert([5, 1, [[None, 1, []]]])]))
    yield case("F3", "an increment of the initial zero", body([edit([6, 2, [], 1])]))
    yield case("F3", "the greatest increment of two bases", body([edit([6, 2, [LOW, 3, OWN, 9], 2**53])]))
    yield case("F3", "the smallest increment", body([edit([6, 2, [], -(2**53)])]))
    yield case("F3", "an increment in an insert", body([insert([6, 2, [], 5])]))
    yield case("F4", "a base in an insert", body([insert([6, 3, [], 40])]))
    yield case("F4", "a base that replaces two", body([edit([6, 3, [[LOW, 3, 4], [OWN, 9, -1]], 40])]))
    yield case("F4", "a base that observed increments of the initial zero", body([edit([6, 3, [[OWN, 0, 12]], 40])]))
    yield case("F4", "a base of the least value that observed the greatest sum", body([edit([6, 3, [[LOW, 3, 2**63 - 1]], -(2**63)])]))
    yield case("F5", "a fact", body([insert([1, 4, ROWS[1], "comment", 1.5])]))
    yield case("F1", "several groups", body([insert([1, 0, [], "a"], [2, 2, [], 1], [3, 4, 1], [9, 1, [["x", 1, []]]])]))
    yield case("F7", "a text in an insert", body([insert([1, 5, [["現場"]], []])]))
    places = [[0, LOW, 7, 0, "x"], [1, OWN, 9, 2**32 - 1, "e\u0301"], ["\r\n"]]
    yield case("F7", "insertions on both sides and at the beginning", body([edit([1, 5, places, []])]))
    yield case("F8", "deletions of three changes", body([edit([1, 5, [], [LOW, 7, 0, 2, LOW, 7, 3, 1, OWN, 3, 0, 2**32 - 1, HIGH, 300, 5, 1]])]))
    yield case("F8", "insertions and deletions", body([edit([1, 5, [["a"]], [OWN, 3, 2**32 - 1, 1]])]))
    yield case("F6", "an effect of kind 7", body([edit([1, 7, [OWN, 3], "more"])]))
    yield from drops()
    yield case("F6", "an effect of an unknown kind between others", body([edit([1, 0, [], 1], [2, 99, {1: [1.5]}], [3, 0, [], 1])]))
    yield case("F6", "an unknown effect of no fields", body([insert([1, 2**63 - 1])]))


def drop(*effects, saw=(OWN, 3), verb=DELETE, row=ROWS[0]):
    return [1, row, verb, list(saw), list(effects) or [[0, 6]]]


CUT = [AUTHOR, 9, seeded("own prefix", 16)]


def drops():
    def cut(*references):
        return {"extensions": {1: list(references)}}

    yield case("F9", "a drop", body([drop()], **cut(CUT)))
    three = [drop(saw=(LOW, 7, OWN, 9, HIGH, 300))]
    yield case("F9", "a drop of what three logs deleted", body(three, **cut(BELOW, CUT, ABOVE)))
    yield case("F9", "two drops under one cut", body([drop(), drop(row=ROWS[1], saw=(OWN, 9))], **cut(CUT)))
    yield case("F9", "a cut without a drop", body([insert()], **cut(CUT)))
    yield case("F9", "a cut beside an unknown extension", body([drop()], extensions={1: [CUT], 2: "later"}))
    short = [AUTHOR, 2, CUT[2]]
    for name, fields in [
        ("without a cut", body([drop()])),
        ("under an unknown extension only", body([drop()], extensions={2: [CUT]})),
        ("of a deletion beyond the cut", body([drop(saw=(OWN, 3))], **cut(short))),
        ("of a deletion in a log outside the cut", body([drop(saw=(LOW, 7))], **cut(CUT))),
        ("that saw nothing", body([drop(saw=())], **cut(CUT))),
        ("under an edit", body([drop(verb=EDIT)], **cut(CUT))),
        ("under an insert", body([drop(verb=INSERT, saw=())], **cut(CUT))),
        ("beside another effect", body([drop([0, 6], [1, 0, [], "a"])], **cut(CUT))),
        ("of a group", body([drop([1, 6])], **cut(CUT))),
        ("with a field", body([drop([0, 6, 1])], **cut(CUT))),
        ("under a cut out of order", body([drop()], **cut(ABOVE, CUT))),
        ("under an empty cut", body([drop()], **cut())),
        ("under a cut that is text", body([drop()], extensions={1: "everything"})),
        ("under a cut of something else too", body([drop()], **cut(CUT, 7))),
    ]:
        yield case("F9", f"a drop {name} is an unknown effect", fields, unknown=[6])


def invalid_headings():
    yield case("B1", "six elements", body()[:6], "invalid")
    yield case("B2", "nine elements", [*body(extensions={1: 1}), 0], "invalid")
    yield case("B2", "empty extensions", body(extensions={}), "invalid")
    yield case("B2", "an extension whose key is text", body(extensions={"a": 1}), "wrongType")
    yield case("B2", "extensions out of order", body(extensions=Raw(bytes.fromhex("a202010101"))), "notDeterministic")
    yield case("E7", "a tag in an extension", body(extensions=Raw(bytes.fromhex("a101c100"))), "wrongType")
    yield case("E9", "bytes after the body", Raw(encode(body()), b"\0"), "trailingBytes")
    yield case("E1", "a timestamp in more bytes than needed", body(timestamp=Raw(b"\x1b\0\0\0\0\0\0\0\1")), "notDeterministic")
    yield case("E3", "a timestamp of 2^63", body(timestamp=2**63), "outOfRange")
    yield case("B5", "lamport 0", body(lamport=0), "outOfRange")
    yield case("E3", "lamport 2^63", body(lamport=2**63), "outOfRange")
    yield case("B1", "an actor of 257 bytes", body(actor="a" * 257), "tooLong")
    yield case("B1", "a reason of 16,385 bytes", body(reason="r" * 16385), "tooLong")
    yield case("E5", "an actor with U+0000", body(actor="e\0"), "invalid")
    yield case("B1", "an actor as bytes", body(actor=b"ewa"), "wrongType")
    yield case("E2", "operations of indefinite length", body(operations=Raw(b"\x9f\xff")), "notDeterministic")


def invalid_dots():
    yield case("B3", "references out of order", body(references=[ABOVE, BELOW]), "invalid")
    yield case("B3", "a replica referenced twice", body(references=[BELOW, [BELOW[0], 8, BELOW[2]]]), "invalid")
    yield case("B3", "a reference to the own log", body(references=[[AUTHOR, 3, BELOW[2]]]), "invalid")
    many = [[index.to_bytes(16, "big"), 1, bytes(16)] for index in range(1025)]
    yield case("B3", "1,025 references", body(references=many), "tooLong")
    yield case("B3", "a dot of a reference that is not there", body([edit(saw=(3, 1))]), "invalid")
    yield case("B3", "a dot beyond its reference", body([edit(saw=(LOW, 8))]), "invalid")
    yield case("B3", "an own dot that is this change's", body([edit(saw=(OWN, SEQUENCE))]), "invalid")
    yield case("B3", "an own dot of the genesis", body([edit(saw=(OWN, 0))]), "invalid")
    yield case("B3", "another's dot of the genesis", body([edit([1, 0, [LOW, 0], 1])]), "invalid")
    yield case("B3", "an own dot in the first change", body([edit(saw=(OWN, 1))], references=[]), "invalid", sequence=1)
    yield case("B4", "dots out of order by sequence", body([edit(saw=(OWN, 4, OWN, 3))]), "invalid")
    yield case("B4", "dots sorted by index instead of replica", body([edit(saw=(OWN, 3, LOW, 7))]), "invalid")
    yield case("B4", "a dot twice", body([edit(saw=(OWN, 3, OWN, 3))]), "invalid")
    yield case("B4", "half a dot", body([edit(saw=(OWN, 3, LOW))]), "invalid")
    yield case("B4", "a dot with a negative index", body([edit(saw=(-1, 3))]), "wrongType")


def invalid_texts():
    def text(name, *fields, error="invalid"):
        return case("F7" if "insert" in name else "F8", name, body([edit([1, 5, *fields])]), error)

    yield text("nothing inserted or deleted", [], [])
    yield text("a text of three parts", [["a"]], [], [])
    yield text("an insertion of no characters", [[""]], [])
    yield text("an insertion of U+0000", [["a\0"]], [])
    yield text("an insertion of bytes", [[b"a"]], [], error="wrongType")
    yield text("an insertion on a third side", [[2, OWN, 3, 0, "a"]], [])
    yield text("an insertion without a side", [[OWN, 3, 0, "a"]], [])
    yield text("an insertion at a character of this change", [[1, OWN, SEQUENCE, 0, "a"]], [])
    yield text("an insertion at a character of an unknown log", [[1, 3, 1, 0, "a"]], [])
    yield text("an insertion at an offset of 2^32", [[1, OWN, 3, 2**32, "a"]], [], error="outOfRange")
    yield text("half a deletion", [], [OWN, 3])
    yield text("a deletion of no characters", [], [OWN, 3, 0, 0], error="outOfRange")
    yield text("a deletion beyond 2^32", [], [OWN, 3, 2**32 - 1, 2], error="outOfRange")
    yield text("a deletion of the genesis", [], [OWN, 0, 0, 1])
    yield text("deletions out of order by offset", [], [OWN, 3, 5, 1, OWN, 3, 0, 1])
    yield text("deletions out of order by replica", [], [OWN, 3, 0, 1, LOW, 7, 0, 1])
    yield text("deletions that overlap", [], [OWN, 3, 0, 2, OWN, 3, 1, 2])
    yield text("deletions that meet", [], [OWN, 3, 0, 2, OWN, 3, 2, 2])
    yield case("O3", "an insert whose text deletes", body([insert([1, 5, [["a"]], [OWN, 3, 0, 1]])]), "invalid")
    yield case("O3", "an insert whose text hangs on another", body([insert([1, 5, [[1, OWN, 3, 0, "a"]], []])]), "invalid")


def invalid_operations():
    yield case("O1", "rows out of order", body([insert(row=ROWS[1]), insert(row=ROWS[0])]), "invalid")
    yield case("O1", "tables out of order", body([insert(table=2), insert(row=ROWS[1])]), "invalid")
    yield case("O1", "two operations on one row", body([insert(), delete()]), "invalid")
    yield case("O1", "an operation of four elements", body([insert()[:4]]), "invalid")
    yield case("O1", "effects out of order", body([insert([2, 0, [], 1], [1, 0, [], 1])]), "invalid")
    yield case("O1", "two effects on one group", body([insert([1, 0, [], 1], [1, 2, [], 1])]), "invalid")
    yield case("E10", "a row id of 15 bytes", body([insert(row=bytes(15))]), "invalid")
    yield case("E11", "a table of 2^32", body([insert(table=2**32)]), "outOfRange")
    yield case("E11", "a group of 2^32", body([insert([2**32, 0, [], 1])]), "outOfRange")
    yield case("O2", "an insert that saw the row", body([[1, ROWS[0], INSERT, [OWN, 3], []]]), "invalid")
    yield case("O3", "an insert whose register replaces", body([insert([1, 0, [OWN, 3], 1])]), "invalid")
    yield case("O3", "an insert whose set removes", body([insert([1, 1, [["x", 0, []]]])]), "invalid")
    yield case("O3", "an insert whose set saw", body([insert([1, 1, [["x", 1, [OWN, 3]]]])]), "invalid")
    yield case("O3", "an insert whose increment names a base", body([insert([1, 2, [OWN, 3], 1])]), "invalid")
    yield case("O3", "an insert whose base replaces", body([insert([1, 3, [[OWN, 3, 1]], 1])]), "invalid")
    yield case("O3", "an insert whose base observed the initial zero", body([insert([1, 3, [[OWN, 0, 1]], 1])]), "invalid")
    yield case("F5", "a fact under a delete", body([[1, ROWS[0], DELETE, [OWN, 3], [[1, 4, 1]]]]), "invalid")
    yield case("O5", "an unknown verb", body([[1, ROWS[0], 3, [], []]]), "invalid")


def invalid_effects():
    yield case("F1", "an effect of one element", body([insert([1])]), "invalid")
    yield case("F1", "a register without a value", body([insert([1, 0, []])]), "invalid")
    yield case("F1", "a register without dots", body([insert([1, 0])]), "invalid")
    yield case("F2", "a set of no elements", body([insert([1, 1, []])]), "invalid")
    yield case("F2", "a set with a field too many", body([insert([1, 1, [["x", 1, []]], 0])]), "invalid")
    yield case("F2", "elements out of order", body([insert([1, 1, [["b", 1, []], ["a", 1, []]]])]), "invalid")
    yield case("F2", "elements in order of value, not of bytes", body([insert([1, 1, [[-1, 1, []], [1, 1, []]]])]), "invalid")
    yield case("F2", "an element twice", body([edit([1, 1, [["a", 0, [OWN, 3]], ["a", 1, []]]])]), "invalid")
    yield case("F2", "an unknown verb of an element", body([edit([1, 1, [["a", 2, []]]])]), "invalid")
    yield case("F2", "an array as an element", body([edit([1, 1, [[[1], 1, []]]])]), "wrongType")
    yield case("F3", "an increment of 0", body([edit([1, 2, [], 0])]), "outOfRange")
    yield case("F3", "an increment of 2^53 + 1", body([edit([1, 2, [], 2**53 + 1])]), "outOfRange")
    yield case("F3", "an increment of -2^53 - 1", body([edit([1, 2, [], -(2**53) - 1])]), "outOfRange")
    yield case("F3", "an increment of 1.0", body([edit([1, 2, [], 1.0])]), "wrongType")
    yield case("F3", "an increment of the own initial zero by name", body([edit([1, 2, [OWN, 0], 1])]), "invalid")
    yield case("F4", "a base without a value", body([edit([1, 3, []])]), "invalid")
    yield case("F4", "a base of 2^63", body([edit([1, 3, [], 2**63])]), "outOfRange")
    yield case("F4", "a base that replaces in the wrong order", body([edit([1, 3, [[OWN, 3, 1], [LOW, 3, 1]], 1])]), "invalid")
    yield case("F4", "a base that observed 0 of the initial zero", body([edit([1, 3, [[OWN, 0, 0]], 1])]), "invalid")
    yield case("F4", "a base that observed another's initial zero", body([edit([1, 3, [[LOW, 0, 1]], 1])]), "invalid")
    yield case("F4", "a base that replaces the initial zero and another", body([edit([1, 3, [[OWN, 0, 1], [OWN, 3, 1]], 1])]), "invalid")
    yield case("F5", "a fact in an edit", body([edit([1, 4, 1])]), "invalid")
    yield case("F5", "a fact without a value", body([insert([1, 4])]), "invalid")
    yield case("F6", "a negative kind", body([edit([1, -1])]), "wrongType")
    yield case("F6", "a tag in an unknown effect", body([edit([1, 9, Raw(b"\xc1\x00")])]), "wrongType")
    yield case("F6", "a long integer in an unknown effect", body([edit([1, 9, Raw(b"\x18\x01")])]), "notDeterministic")
    yield case("F6", "2^63 in an unknown effect", body([edit([1, 9, 2**63])]), "outOfRange")
    yield case("F6", "U+0000 in an unknown effect", body([edit([1, 9, "\0"])]), "invalid")
    # Body, operations, operation and effects are four levels, the effect itself is the fifth.
    yield case("E8", "an unknown effect nested too deeply", body([edit([1, 9, Raw(b"\x81" * 12, b"\x01")])]), "tooDeep")
    yield case("F6", "an unknown effect nested as deeply as allowed", body([edit([1, 9, [[[[[[[[[[[1]]]]]]]]]]]])]))


def invalid_values():
    def written(content):
        return body([insert([1, 0, [], content])])

    yield case("E4", "NaN", written(Raw(bytes.fromhex("f97e00"))), "outOfRange")
    yield case("E4", "minus zero", written(Raw(bytes.fromhex("f98000"))), "outOfRange")
    yield case("E4", "infinity", written(Raw(bytes.fromhex("f97c00"))), "outOfRange")
    yield case("E4", "1.5 in 64 bits", written(Raw(bytes.fromhex("fb3ff8000000000000"))), "notDeterministic")
    yield case("E5", "U+0000 in a value", written("a\0b"), "invalid")
    yield case("E5", "a surrogate in a value", written(Raw(bytes.fromhex("63eda080"))), "invalid")
    yield case("E1", "a value in more bytes than needed", written(Raw(bytes.fromhex("1801"))), "notDeterministic")
    yield case("E3", "a value of 2^63", written(2**63), "outOfRange")
    yield case("E13", "true as a value", written(True), "wrongType")
    yield case("E13", "undefined as a value", written(Raw(b"\xf7")), "wrongType")
    yield case("E13", "an array as a value", written([1]), "wrongType")
    yield case("E13", "a map as a value", written({1: 1}), "wrongType")
