"""What can still be read of a damaged memory, copied into a new one; the damaged file is only read.

Where the first page is lost, which says where each table begins, a new memory's takes its place in a working copy:
tables are always made in the same order, so they begin at the same pages, also after ``compact``.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forethought import storage
from forethought.errors import BadSetting, Damaged, ForethoughtError
from forethought.memory import frames, schema
from forethought.memory.store import SELECT, Store
from forethought.memory.turns import Said, from_milliseconds

RANGE = 256
LARGEST = 16
"""Numbers of turns for each byte of the file; a larger number is damage, not a number."""
LOST = "lost name {}"
"""Who spoke, where the name cannot be read."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """How many turns were copied, and how many were there but could not be read."""

    kept: int
    lost: int


def salvage(damaged: Path, copy: Path) -> Salvaged:
    """Copy what can still be read of a damaged memory into a new one at ``copy``.

    A turn whose speaker's name is lost is kept under another. Raises ``BadSetting`` where there is no such file or the
    copy exists, ``Damaged`` where nothing can be read.
    """
    if not damaged.is_file():
        raise BadSetting(f"there is no file {damaged}")
    if copy.exists():
        raise BadSetting(f"{copy} exists; name a new file for the copy")
    aside = copy.with_name(f".{copy.name}.{secrets.token_hex(4)}.tmp")
    try:
        turns, lost = _read(damaged, aside)
        store = Store(copy)
        store.extend(turns)
        store.close()
        return Salvaged(len(turns), lost)
    finally:
        storage.remove(aside)


def _read(damaged: Path, aside: Path) -> tuple[list[Said], int]:
    """The turns that can be read, and how many cannot: with the file's own first page, else with a new one.

    Raises ``Damaged`` where no turn can be read either way.
    """
    why: sqlite3.DatabaseError | None = None
    for page_is_lost in (False, True):
        first_page = _first_page(aside / "new") if page_is_lost else b""
        for tail in ("", "-wal"):  # SQLite may change what it opens
            source = damaged.with_name(damaged.name + tail)
            if source.exists():
                data = source.read_bytes()
                own = first_page if not tail else b""
                storage.write_bytes(aside / f"memory{tail}", own + data[len(own) :])
        try:
            turns, lost = _readable(aside / "memory")
            if turns:
                return turns, lost
        except sqlite3.DatabaseError as error:
            why = why or error
    reason = f" ({why})" if why else ""
    raise Damaged(f"nothing could be read of {damaged}{reason}; it was left as it is, and no copy was made")


def _first_page(path: Path) -> bytes:
    """The first page of a memory just made, without what it says of the file's length and free pages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    schema.connect(path).close()
    data = path.read_bytes()
    page = bytearray(data[: int.from_bytes(data[16:18], "big")])
    page[24:40] = (1).to_bytes(4, "big") + bytes(12)  # another change counter than at 92: the length is not believed
    page[92:96] = bytes(4)
    return bytes(page)


def _readable(path: Path) -> tuple[list[Said], int]:
    """The turns that can be read, and how many cannot."""
    store = object.__new__(Store)  # without the checks that refuse a damaged file
    store.path, store._codecs, store._names = path, {}, {}
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        rows, lost = _rows(connection, path.stat().st_size)
        said = []
        for row in rows:
            try:
                said.append(_said(store, connection, row))
            except (sqlite3.DatabaseError, ForethoughtError, TypeError):
                lost += 1
        return said, lost
    finally:
        connection.close()


def _said(store: Store, connection: sqlite3.Connection, row: tuple[int, ...]) -> Said:
    """A turn; its text has to be whole, its names and its time may be lost."""
    _, conversation, speaker, at, text = row
    try:
        whole = store.text(connection, text)
    except sqlite3.DatabaseError:
        whole = store.packed(connection, text)
    who, where = _name(store, connection, speaker), _name(store, connection, conversation)
    return Said(who, frames.unraw(whole), _time(at), where)


def _time(milliseconds: int | None) -> datetime | None:
    """When it was said; unknown where that is damaged."""
    try:
        return from_milliseconds(milliseconds)
    except Damaged:
        return None


def _name(store: Store, connection: sqlite3.Connection, number: int) -> str:
    try:
        return store.name(connection, number)
    except (sqlite3.DatabaseError, ForethoughtError, TypeError):
        return LOST.format(number)


def _rows(connection: sqlite3.Connection, size: int) -> tuple[list[tuple[int, ...]], int]:
    """The rows of turns that can be read, in order, and about how many cannot."""
    try:
        last = connection.execute("SELECT max(id) FROM turns").fetchone()[0] or 0
    except sqlite3.DatabaseError:
        last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name='turns'").fetchone()[0]
    if not isinstance(last, int) or last > LARGEST * size:
        raise sqlite3.DatabaseError(f"its last turn would have the number {last}")
    rows: list[tuple[int, ...]] = []
    lost = 0
    for start in range(1, last + 1, RANGE):
        found, missing = _between(connection, start, min(start + RANGE - 1, last))
        rows += found
        lost += missing
    return rows, lost


def _between(connection: sqlite3.Connection, start: int, end: int) -> tuple[list[tuple[int, ...]], int]:
    """The rows from ``start`` to ``end``; where they cannot be read together, by halves."""
    try:
        return connection.execute(f"{SELECT} WHERE id BETWEEN ? AND ?", (start, end)).fetchall(), 0
    except sqlite3.DatabaseError:
        if start == end:
            return [], 1
    middle = (start + end) // 2
    left, right = _between(connection, start, middle), _between(connection, middle + 1, end)
    return left[0] + right[0], left[1] + right[1]
