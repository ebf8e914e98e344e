"""All logs byte for byte in SQLite, and what else a peer must not forget."""

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, NamedTuple

from .fields import Hash, Replica
from .log import Link

SCHEMA = """
    CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS entry (
        replica BLOB NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, data BLOB NOT NULL,
        PRIMARY KEY (replica, seq)
    ) STRICT, WITHOUT ROWID;
    -- What was applied at once, in the order in which that was done: a stretch of a log that ends at a kept head.
    CREATE TABLE IF NOT EXISTS stretch (
        place INTEGER PRIMARY KEY, replica BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        signature BLOB NOT NULL
    ) STRICT;
"""


class Stretch(NamedTuple):
    """Consecutive entries that were applied together, and the signature at their end."""

    place: int
    replica: Replica
    first: int
    last: int
    signature: bytes


class Store:
    """One file, that several processes may have open: what is decided on is read again inside a transaction."""

    def __init__(self, path: Path | str):
        self.connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        self.connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """`BEGIN IMMEDIATE`, so that nobody else writes between what is read and what is written."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def stretches(self, after: int) -> list[Stretch]:
        query = "SELECT place, replica, first, last, signature FROM stretch WHERE place > ? ORDER BY place"
        return [Stretch(*row) for row in self.connection.execute(query, (after,))]

    def entries(self, stretch: Stretch) -> list[tuple[Hash, bytes]]:
        query = "SELECT hash, data FROM entry WHERE replica = ? AND seq BETWEEN ? AND ? ORDER BY seq"
        return list(self.connection.execute(query, (stretch.replica, stretch.first, stretch.last)))

    def append(self, replica: Replica, first: int, links: list[Link], signature: bytes) -> None:
        last = first + len(links) - 1
        rows = [(replica, first + at, link.hash, link.data) for at, link in enumerate(links)]
        self.connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
        self.connection.execute("INSERT INTO stretch VALUES (NULL, ?, ?, ?, ?)", (replica, first, last, signature))

    def setting(self, name: str) -> bytes | None:
        row = self.connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def keep(self, name: str, value: bytes) -> None:
        self.connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
