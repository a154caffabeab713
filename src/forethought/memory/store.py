"""The only source of truth of a memory: turns, word for word, durable when ``append`` returns."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet

from forethought.errors import BadSetting, Damaged
from forethought.memory import checks, frames, schema
from forethought.memory.frames import BARE, CHAT, FAST, PLAIN, SEPARATOR, Codec
from forethought.memory.turns import Said, Turn, check, from_milliseconds, to_milliseconds

SELECT = "SELECT id, conversation, speaker, at, text FROM turns"
MANY = 500
"""Values in one ``IN (...)``."""
PATIENCE = 1.0
"""Seconds that a fork waits for one store while it holds others."""


@dataclass(eq=False)
class Store:
    """A memory's file. Several processes and threads may use it at once; each thread waits for its turn.

    A fork closes the file before, and each side opens it again when it next needs it: SQLite's locks do not survive a
    fork, so what one side writes could be lost when the other closes. Raises ``Damaged``, ``NoSpace``, ``Busy``,
    ``NotWritable`` and ``BadSetting`` as ``schema.connect`` says.
    """

    path: Path
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)
    _connection: sqlite3.Connection | None = field(default=None, init=False, repr=False)
    _process: int = field(default=0, init=False, repr=False)
    _file: tuple[int, int] = field(default=(0, 0), init=False, repr=False)
    _depth: int = field(default=0, init=False, repr=False)
    _closed: bool = field(default=False, init=False, repr=False)
    _codecs: dict[int, Codec] = field(default_factory=dict, init=False, repr=False)
    _names: dict[int, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.path = Path(self.path).absolute()
        _STORES.add(self)
        with self.use():
            pass

    @contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone. Raises ``BadSetting`` where the memory was closed."""
        with self._lock:
            if self._closed:
                raise BadSetting(f"the memory {self.path} was closed; open it again")
            if self._connection is None or self._process != os.getpid():
                self._open()
            assert self._connection is not None
            self._depth += 1
            try:
                with schema.clear_errors(self.path):
                    yield self._connection
            finally:
                self._depth -= 1

    def _open(self) -> None:
        with _STORES.opening:
            self._connection = schema.connect(self.path, known=_STORES.files())
            self._process, self._file = os.getpid(), schema.file_of(self.path)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Several reads of one state."""
        with self.use() as connection, schema.snapshot(connection):
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One write, whole or not at all, on the disk when the block has ended."""
        with self.use() as connection, schema.transaction(connection):
            yield connection

    def close(self) -> None:
        """Close the file, for good; what was acknowledged is there already."""
        with self._lock:
            self._closed = True
            self._release()

    def _release(self) -> None:
        """Close the connection; one that another process opened is left to it."""
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None

    # --- writing ---

    def extend(self, said: Iterable[Said | Turn]) -> list[int]:
        """Keep turns, all of them or none; their numbers. Durable when it returns."""
        ready = []
        for turn in said:
            check(turn)
            ready.append((frames.raw(turn.text), turn))
        if not ready:
            return []
        with self.write() as connection:
            dictionary = self.newest_dictionary(connection)
            names: dict[str, int] = {}
            known: dict[bytes, int] = {}
            met: set[str] = set()
            return [self._append(connection, data, turn, dictionary, names, known, met) for data, turn in ready]

    def _append(
        self,
        connection: sqlite3.Connection,
        data: bytes,
        turn: Said | Turn,
        dictionary: int,
        names: dict[str, int],
        known: dict[bytes, int],
        met: set[str],
    ) -> int:
        """One turn's rows."""
        for name in (turn.speaker, turn.conversation):
            if name not in names:
                names[name] = _name_id(connection, name)
        if turn.speaker not in met:
            connection.execute("UPDATE names SET speaks=1 WHERE id=? AND speaks=0", (names[turn.speaker],))
            met.add(turn.speaker)
        text = known.get(data)
        if text is None:
            text = self.put_text(connection, data, dictionary)
            if len(data) < 4096:
                known[data] = text
        row = connection.execute(
            "INSERT INTO turns(conversation, speaker, at, text) VALUES(?, ?, ?, ?)",
            (names[turn.conversation], names[turn.speaker], to_milliseconds(turn.at), text),
        )
        assert row.lastrowid is not None
        return row.lastrowid

    def put_text(self, connection: sqlite3.Connection, data: bytes, dictionary: int) -> int:
        """The number of a text; stored once, however often it was said."""
        digest = frames.digest(data)
        for (number,) in connection.execute("SELECT text FROM digests WHERE digest=?", (digest,)).fetchall():
            if self.text(connection, number) == data:
                return int(number)
        row = connection.execute(
            "INSERT INTO texts(dictionary, frame) VALUES(?, ?)", self.pack(connection, data, dictionary)
        )
        assert row.lastrowid is not None
        connection.execute("INSERT INTO digests VALUES(?, ?)", (digest, row.lastrowid))
        return row.lastrowid

    # --- reading ---

    def count(self) -> int:
        """How many turns there are."""
        with self.use() as connection:
            return int(connection.execute("SELECT count(*) FROM turns").fetchone()[0])

    def turns(self, conversation: str | None = None, after: int = 0, until: int | None = None) -> Iterator[Turn]:
        """Turns in the order in which they were kept, of those that are there when the first is asked for; a few at a
        time, so that others, and who reads them, can write meanwhile.
        """
        last = after
        top = self._last() if until is None else until
        while True:
            with self.read() as connection:
                only, values = "", [last, top]
                if conversation is not None:
                    only, values = " AND conversation=?", [*values, number_of(connection, conversation)]
                rows = connection.execute(
                    f"{SELECT} WHERE id>? AND id<=?{only} ORDER BY id LIMIT 500", values
                ).fetchall()
                batch = [self.turn(connection, row) for row in rows]
            yield from batch
            if not batch:
                return
            last = batch[-1].id

    def _last(self) -> int:
        """The last turn's number, 0 where there is none."""
        with self.use() as connection:
            return int(connection.execute("SELECT max(id) FROM turns").fetchone()[0] or 0)

    def latest(self, most: int, conversation: str | None = None, before: int | None = None) -> list[Turn]:
        """The last turns, those of one conversation where it is named, in order."""
        top = 1 << 62 if before is None else checks.whole("'before', a turn's number,", before)
        with self.read() as connection:
            only, values = "", [top]
            if conversation is not None:
                only, values = " AND conversation=?", [*values, number_of(connection, conversation)]
            sql = f"{SELECT} WHERE id<?{only} ORDER BY id DESC LIMIT ?"
            rows = connection.execute(sql, [*values, max(most, 0)]).fetchall()
            return [self.turn(connection, row) for row in reversed(rows)]

    def get(self, ids: Sequence[int]) -> dict[int, Turn]:
        """The turns with these numbers, decompressed; those that are not there are left out."""
        found: dict[int, Turn] = {}
        with self.read() as connection:
            for start in range(0, len(ids), MANY):
                some = ids[start : start + MANY]
                marks = ",".join("?" * len(some))
                for row in connection.execute(f"{SELECT} WHERE id IN ({marks})", [int(i) for i in some]).fetchall():
                    found[row[0]] = self.turn(connection, row)
        return found

    def turn(self, connection: sqlite3.Connection, row: Sequence[Any]) -> Turn:
        """The turn of a row of ``SELECT``. Raises ``Damaged``."""
        number, conversation, speaker, at, text = row
        return Turn(
            id=number,
            conversation=self.name(connection, conversation),
            speaker=self.name(connection, speaker),
            text=frames.unraw(self.text(connection, text)),
            at=from_milliseconds(at),
        )

    def text(self, connection: sqlite3.Connection, number: int) -> bytes:
        """A text's bytes. Raises ``Damaged``."""
        found = connection.execute("SELECT dictionary, frame FROM texts WHERE id=?", (number,)).fetchone()
        if found is not None:
            return self.unpack(connection, *found)
        return self.packed(connection, number)

    def packed(self, connection: sqlite3.Connection, number: int) -> bytes:
        """The bytes of a text that ``compact`` put in a pack. Raises ``Damaged``."""
        pack = self.pack_with(connection, number) if isinstance(number, int) else None
        if pack is None:
            raise Damaged(f"{self.path}: text {number} is missing; 'forethought memory salvage' keeps the others")
        return pack[1][number - pack[0]]

    def pack_with(self, connection: sqlite3.Connection, number: int) -> tuple[int, list[bytes]] | None:
        """The pack that a text is in: the number of its first text, and its texts."""
        sql = "SELECT first, dictionary, frame FROM packs WHERE first<=? ORDER BY first DESC LIMIT 1"
        found = connection.execute(sql, (number,)).fetchone()
        texts = self.unpack(connection, *found[1:]).split(SEPARATOR) if found else []
        return (int(found[0]), texts) if found and number - found[0] < len(texts) else None

    def name(self, connection: sqlite3.Connection, number: int) -> str:
        """A speaker's or a conversation's name. Raises ``Damaged``."""
        if number not in self._names:
            found = connection.execute("SELECT name FROM names WHERE id=?", (number,)).fetchone()
            if found is None or not isinstance(found[0], bytes):
                raise Damaged(f"{self.path}: name {number} is missing; 'forethought memory salvage' keeps the others")
            self._names[number] = frames.unraw(found[0])
        return self._names[number]

    # --- compression ---

    def pack(
        self, connection: sqlite3.Connection, data: bytes, dictionary: int, level: int = FAST
    ) -> tuple[int, bytes]:
        """How a text is kept, and its frame: the shorter of compressed and plain."""
        frame = self.codec(connection, dictionary).pack(data, level)
        return (dictionary, frame) if len(frame) < len(data) else (PLAIN, data)

    def unpack(self, connection: sqlite3.Connection, how: int, frame: bytes) -> bytes:
        """The bytes that ``pack`` got. Raises ``Damaged``."""
        if not isinstance(how, int) or not isinstance(frame, bytes):
            raise Damaged(f"{self.path}: a text has no bytes; 'forethought memory salvage' keeps the others")
        return frame if how == PLAIN else self.codec(connection, how).unpack(frame)

    def codec(self, connection: sqlite3.Connection, dictionary: int) -> Codec:
        """What compresses with a dictionary, by its number."""
        if dictionary not in self._codecs:
            self._codecs[dictionary] = Codec(self._dictionary(connection, dictionary))
        return self._codecs[dictionary]

    def _dictionary(self, connection: sqlite3.Connection, number: int) -> bytes | None:
        if number == BARE:
            return None
        if number == CHAT:
            return frames.chat_dictionary()
        found = connection.execute("SELECT data FROM dictionaries WHERE id=?", (number,)).fetchone()
        if found is None or not isinstance(found[0], bytes):
            raise Damaged(f"{self.path}: dictionary {number} is missing; 'forethought memory salvage' keeps the rest")
        return self.codec(connection, CHAT).unpack(found[0])

    def newest_dictionary(self, connection: sqlite3.Connection) -> int:
        """The dictionary for new texts: the memory's own where it has one, else the shipped one."""
        found = connection.execute("SELECT max(id) FROM dictionaries").fetchone()[0]
        return CHAT if found is None else int(found)

    def drop_caches(self) -> None:
        """Forget names and dictionaries that were read before."""
        self._names.clear()
        self._codecs.clear()


def number_of(connection: sqlite3.Connection, name: str) -> int:
    """The number of a speaker's or a conversation's name; -1, which none has, where it is not known."""
    found = connection.execute("SELECT id FROM names WHERE name=?", (frames.raw(name),)).fetchone()
    return int(found[0]) if found else -1


def _name_id(connection: sqlite3.Connection, name: str) -> int:
    """The number of a name, new or not."""
    known = number_of(connection, name)
    if known >= 0:
        return known
    row = connection.execute("INSERT INTO names(name) VALUES(?)", (frames.raw(name),))
    assert row.lastrowid is not None
    return row.lastrowid


# --- the stores of this process ---


class _Stores:
    """Every store of this process: their files are closed before a fork, and all are locked until it is done."""

    def __init__(self) -> None:
        self._all: WeakSet[Store] = WeakSet()
        self._listing = threading.Lock()
        self._held: list[Store] = []
        self.renew()

    def renew(self) -> None:
        """The locks: ``opening`` is held while a file is looked at and opened, ``_guard`` during a fork."""
        self.opening, self._guard = threading.Lock(), threading.RLock()

    def add(self, store: Store) -> None:
        with self._guard, self._listing:
            self._all.add(store)

    def _list(self) -> list[Store]:
        with self._listing:
            return list(self._all)

    def files(self) -> set[tuple[int, int]]:
        """The files that are open: to read one aside from SQLite and close it drops SQLite's locks on it, and then
        another process can take away the WAL that is written here.
        """
        here = os.getpid()
        return {s._file for s in self._list() if s._connection is not None and s._process == here}

    def before_fork(self) -> None:
        """Wait for each thread that is at work in a store, then close the files.

        A thread that forks in the middle of its own work keeps that file open.
        """
        busy = self._lock_all(None)
        while busy is not None:
            busy = self._lock_all(busy)
        for store in self._held:
            if not store._depth:
                with suppress(sqlite3.Error):
                    store._release()

    def _lock_all(self, first: Store | None) -> Store | None:
        """Lock every store, ``first`` first; where one stays at work all are let go, and it is returned: its thread may
        be waiting for what is held here.
        """
        with first._lock if first else nullcontext():
            self._guard.acquire()
            for store in self._list():
                if not store._lock.acquire(timeout=PATIENCE):
                    self.after_in_parent()
                    return store
                self._held.append(store)
        return None

    def after_in_parent(self) -> None:
        """Let every thread go on; each file is opened again when it is next used."""
        while self._held:
            self._held.pop()._lock.release()
        self._guard.release()

    def after_in_child(self) -> None:
        """The same where no other thread is left: with new locks."""
        while self._held:
            self._held.pop()._lock = threading.RLock()
        self.renew()


_STORES = _Stores()
if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(
        before=_STORES.before_fork, after_in_parent=_STORES.after_in_parent, after_in_child=_STORES.after_in_child
    )
