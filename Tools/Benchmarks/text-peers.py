"""Merges a concurrent editing trace with Loro and with Yrs (pycrdt), as a baseline for the text benchmark.

For each line on standard input it measures once and writes one line of JSON: seconds by library and way of merging,
without what the loop over the changes costs in Python itself. A library that is not installed is left out.
"""

import gzip
import json
import sys
import time

try:
    import loro
except ImportError:
    loro = None
try:
    import pycrdt
except ImportError:
    pycrdt = None


class LoroWriter:
    def __init__(self, agent):
        self.document = loro.LoroDoc()
        self.document.peer_id = agent + 1
        self.text = self.document.get_text("text")

    def take(self, update):
        self.document.import_(update)

    def write(self, patches):
        before = self.document.oplog_vv
        for position, removed, inserted in patches:
            if removed:
                self.text.delete(position, removed)
            if inserted:
                self.text.insert(position, inserted)
        self.document.commit()
        return self.document.export(loro.ExportMode.Updates(before))

    def whole(self):
        return self.document.export(loro.ExportMode.Updates(loro.VersionVector()))

    def content(self):
        return self.text.to_string()


class YrsWriter:
    def __init__(self, agent):
        self.document = pycrdt.Doc(client_id=agent + 1)
        self.document["text"] = self.text = pycrdt.Text()
        self.latest = None
        self.subscription = self.document.observe(self.note)

    def note(self, event):
        self.latest = event.update

    def take(self, update):
        self.document.apply_update(update)

    def write(self, patches):
        with self.document.transaction():
            for position, removed, inserted in patches:
                if removed:
                    del self.text[position : position + removed]
                if inserted:
                    self.text.insert(position, inserted)
        return self.latest

    def whole(self):
        return self.document.get_update()

    def content(self):
        return str(self.text)


class YrsReader(YrsWriter):
    """A reader that observes nothing, so that no event is made for it."""

    def __init__(self):
        self.document = pycrdt.Doc(client_id=99)
        self.document["text"] = self.text = pycrdt.Text()


def updates(transactions, make):
    """What each author sends, made from what it had seen. Authors write one after another in their own history."""
    writers, taken, own, versions, result = {}, {}, {}, [], []
    for number, transaction in enumerate(transactions):
        agent = transaction["agent"]
        if agent not in writers:
            writers[agent], taken[agent], own[agent] = make(agent), {}, []
        known = {}
        for parent in transaction["parents"]:
            for other, latest in versions[parent].items():
                known[other] = max(known.get(other, -1), latest)
        for other, latest in known.items():
            if other == agent:
                continue
            place = taken[agent].get(other, 0)
            while place < len(own[other]) and own[other][place] <= latest:
                writers[agent].take(result[own[other][place]])
                place += 1
            taken[agent][other] = place
        result.append(writers[agent].write(transaction["patches"]))
        known[agent] = number
        versions.append(known)
        own[agent].append(number)
    return result


class Nothing:
    def take(self, update):
        pass


class Bench:
    def __init__(self, name, make, reader, trace):
        self.name, self.reader, self.end = name, reader, trace["endContent"]
        self.updates = updates(trace["txns"], make)
        merged = reader()
        for update in self.updates:
            merged.take(update)
        self.whole = merged.whole()

    def merge(self, reader, updates):
        start = time.perf_counter()
        for update in updates:
            reader.take(update)
        return time.perf_counter() - start

    def measure(self):
        loop = self.merge(Nothing(), self.updates)
        reader = self.reader()
        one_by_one = self.merge(reader, self.updates) - loop
        assert reader.content() == self.end, self.name
        reader = self.reader()
        at_once = self.merge(reader, [self.whole])
        assert reader.content() == self.end, self.name
        return {f"{self.name}-one-by-one": one_by_one, f"{self.name}-at-once": at_once}


def main():
    trace = json.load(gzip.open(sys.argv[1]))
    benches = []
    if loro:
        benches.append(Bench("Loro", LoroWriter, lambda: LoroWriter(99), trace))
    if pycrdt:
        benches.append(Bench("Yrs", YrsWriter, YrsReader, trace))
    for _ in sys.stdin:
        times = {}
        for bench in benches:
            times.update(bench.measure())
        print(json.dumps(times), flush=True)


main()
