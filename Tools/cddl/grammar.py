"""A matcher for the part of CDDL (RFC 8610) that gemba.cddl uses.

That part is: type choices, ranges, arrays, maps, groups in parentheses, occurrences, and the controls .size, .ge and .cbor.
The module `encoding` of the vectors decodes what .cbor contains.
"""

import re
import sys

from encoding import decode

TOKEN = re.compile(
    r"""\s+|;[^\n]*|(?P<hex>h'[0-9A-Fa-f]*')|(?P<text>"[^"]*")|(?P<occurrence>\d*\*\d*(?=\s)|\d+\*\d+|[?+*](?=\s))"""
    r"""|(?P<number>-?\d+)|(?P<name>[a-z][a-z0-9-]*)|(?P<symbol>\.\.|\.[a-z]+|=>|[=:/,()\[\]{}])"""
)
PRELUDE = {
    "float": lambda item: isinstance(item, float),
    "tstr": lambda item: isinstance(item, str),
    "bstr": lambda item: isinstance(item, bytes),
    "bool": lambda item: isinstance(item, bool),
    "null": lambda item: item is None,
    "nint": lambda item: is_integer(item) and item < 0,
}


def is_integer(item):
    return isinstance(item, int) and not isinstance(item, bool)


class Grammar:
    """Turns CDDL into functions: a type into item -> bool, a group into (items, start) -> ends.

    `rules` holds the type of each rule by its name; `matched` has the names of those that an item has matched so far.
    """

    def __init__(self, text):
        self.tokens, position = [], 0
        while position < len(text):
            match = TOKEN.match(text, position)
            if not match:
                raise SyntaxError(f"line {text.count(chr(10), 0, position) + 1}: {text[position : position + 20]!r}")
            position = match.end()
            if match.lastgroup:
                self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
        self.tokens.append(("end", ""))
        self.at, self.rules, self.matched = 0, {}, set()
        while self.peek()[0] != "end":
            name = self.take("name")
            if name in self.rules:
                raise SyntaxError(f"{name} is defined twice")
            self.take("symbol", "=")
            self.rules[name] = self.recording(name, self.type())

    def recording(self, name, content):
        def match(item):
            fits = content(item)
            if fits:
                self.matched.add(name)
            return fits

        return match

    def peek(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def take(self, kind, value=None):
        found = self.peek()
        if found[0] != kind or value not in (None, found[1]):
            raise SyntaxError(f"{value or kind} expected, {found[1]!r} found after {self.tokens[self.at - 1][1]!r}")
        self.at += 1
        return found[1]

    def accept(self, value):
        if self.peek() == ("symbol", value):
            self.at += 1
            return True
        return False

    def type(self):
        choices = [self.controlled()]
        while self.accept("/"):
            choices.append(self.controlled())
        return choices[0] if len(choices) == 1 else lambda item: any(choice(item) for choice in choices)

    def controlled(self):
        if self.peek()[0] == "number" and self.peek(1) == ("symbol", ".."):
            return self.range()
        basis = self.simple()
        if self.accept(".size"):
            low, high = self.bounds()
            return lambda item: basis(item) and low <= len(item.encode() if isinstance(item, str) else item) <= high
        if self.accept(".ge"):
            least = int(self.take("number"))
            return lambda item: basis(item) and item >= least
        if self.accept(".cbor"):
            content = self.simple()
            return lambda item: basis(item) and content(decode(item))
        return basis

    def range(self):
        low = int(self.take("number"))
        self.take("symbol", "..")
        high = int(self.take("number"))
        return lambda item: is_integer(item) and low <= item <= high

    def bounds(self):
        if not self.accept("("):
            size = int(self.take("number"))
            return size, size
        low = int(self.take("number"))
        self.take("symbol", "..")
        high = int(self.take("number"))
        self.take("symbol", ")")
        return low, high

    def simple(self):
        kind, value = self.peek()
        if self.accept("["):
            group = self.group("]")
            return lambda item: isinstance(item, list) and len(item) in group(item, 0)
        if self.accept("{"):
            pairs = self.group("}")
            return lambda item: isinstance(item, dict) and len(item) in pairs(list(item.items()), 0)
        self.at += 1
        if kind == "number":
            return lambda item: is_integer(item) and item == int(value)
        if kind == "text":
            return lambda item: item == value[1:-1]
        if kind == "hex":
            return lambda item: item == bytes.fromhex(value[2:-1])
        if kind == "name":
            return PRELUDE.get(value) or (lambda item: self.rules[value](item))
        raise SyntaxError(f"a type expected, {value!r} found")

    def group(self, end):
        elements = []
        while not self.accept(end):
            elements.append(self.element())
            self.accept(",")

        def match(items, start):
            ends = {start}
            for element in elements:
                ends = {end for begin in ends for end in element(items, begin)}
            return ends

        return match

    def element(self):
        low, high = self.occurrence()
        if self.accept("("):
            content = self.group(")")
        else:
            content = self.member()

        def match(items, start):
            reached, frontier, count = ({start} if low == 0 else set()), {start}, 0
            while frontier and count < high:
                frontier = {end for begin in frontier for end in content(items, begin)} - reached
                count += 1
                if count >= low:
                    reached |= frontier
            return reached

        return match

    def occurrence(self):
        if self.peek()[0] != "occurrence":
            return 1, 1
        sign = self.take("occurrence")
        if sign in "?+":
            return {"?": (0, 1), "+": (1, sys.maxsize)}[sign]
        low, high = sign.split("*")
        return int(low or 0), int(high or sys.maxsize)

    def member(self):
        if self.peek()[0] == "name" and self.peek(1) == ("symbol", ":"):
            self.at += 2
        content = self.type()
        if self.accept("=>"):
            key, content = content, self.type()
            single = content
            content = lambda pair: key(pair[0]) and single(pair[1])  # noqa: E731
        return lambda items, start: {start + 1} if start < len(items) and content(items[start]) else set()
