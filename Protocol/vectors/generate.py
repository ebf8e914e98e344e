#!/usr/bin/env python3
"""Writes the test vectors, or with --check compares them with what is there."""

import json
import re
import sys
from pathlib import Path

import cases_agreement
import cases_beacons
import cases_bodies
import cases_branches
import cases_bundles
import cases_checkpoints
import cases_epochs
import cases_folds
import cases_forks
import cases_frames
import cases_items
import cases_logs
import cases_merges
import cases_packs
import cases_removals

SUBJECTS = [
    ("items.json", "01-encoding.md", cases_items.items),
    ("entries.json", "02-change.md", cases_logs.entries),
    ("genesis.json", "02-change.md", cases_logs.geneses),
    ("coded.json", "02-change.md", cases_logs.coded),
    ("bodies.json", "02-change.md, 04-operations.md", cases_bodies.bodies),
    ("heads.json", "03-heads.md", cases_logs.heads),
    ("runs.json", "03-heads.md", cases_logs.runs),
    ("forks.json", "02-change.md", cases_branches.proofs),
    ("merges.json", "04-operations.md", cases_merges.merges),
    ("roster.json", "05-roster.md", cases_folds.roster_bodies),
    ("tokens.json", "05-roster.md", cases_folds.tokens),
    ("folds.json", "05-roster.md", lambda: [*cases_folds.folds(), *cases_removals.folds(), *cases_forks.folds()]),
    ("epochs.json", "05-roster.md", cases_epochs.epochs),
    ("words.json", "05-roster.md", cases_epochs.enrolments),
    ("frames.json", "06-session.md, 07-sync.md, 08-checkpoint.md, 10-agreement.md, 12-dissemination.md", cases_frames.frames),
    ("digests.json", "07-sync.md", cases_frames.digests),
    ("packs.json", "07-sync.md", cases_packs.packs),
    ("rows.json", "10-agreement.md", cases_agreement.trees),
    ("manifests.json", "08-checkpoint.md", cases_checkpoints.manifests),
    ("sections.json", "08-checkpoint.md", cases_checkpoints.sections),
    ("bundles.json", "09-bundle.md", cases_bundles.bundles),
    ("beacons.json", "11-discovery.md", cases_beacons.beacons),
]


def packed(data):
    """A long byte string as pieces of hexadecimal and repetitions [byte, count]."""
    pieces, start = [], 0
    for repetition in re.finditer(rb"(.)\1{255,}", data, re.DOTALL):
        if repetition.start() > start:
            pieces.append(data[start : repetition.start()].hex())
        pieces.append([repetition.group(1).hex(), repetition.end() - repetition.start()])
        start = repetition.end()
    return [*pieces, data[start:].hex()] if start < len(data) else pieces


def plain(value):
    """What JSON can hold: byte strings become hexadecimal."""
    if isinstance(value, bytes):
        return value.hex() if len(value) < 4096 else {"packed": packed(value)}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {str(key): plain(element) for key, element in value.items()}
    return value


def main():
    check = "--check" in sys.argv[1:]
    folder = Path(__file__).parent
    stale = []
    for name, document, make in SUBJECTS:
        cases = [plain(case) for case in make()]
        names = [case["name"] for case in cases]
        assert len(set(names)) == len(names), f"{name}: a name stands twice"
        text = json.dumps({"document": document, "cases": cases}, indent=1, ensure_ascii=True) + "\n"
        path = folder / name
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
        if not check:
            print(f"{name}: {len(cases)} cases, {sum(1 for case in cases if not case['valid'])} of them invalid")
    if stale:
        sys.exit("stale: " + ", ".join(stale) + "; run generate.py and look at the difference")


if __name__ == "__main__":
    main()
