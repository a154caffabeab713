"""What can still be read of a damaged memory, copied into a new one; the damaged file is only read.

Where the first page is lost, which says where each table begins, a new memory's takes its place in a working copy:
tables are always made in the same order, so they begin at the same pages; ``compact`` moves some, always alike.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forethought import storage
from forethought.errors import BadSetting, Damaged, ForethoughtError, NoSpace, NotWritable
from forethought.memory import frames, schema
from forethought.memory.store import SELECT, Store
from forethought.memory.turns import Said, from_milliseconds

RANGE = 256
LARGEST = 16
"""Numbers of turns for each byte of the file; a larger number is damage, not a number."""
BROKEN = (sqlite3.DatabaseError, ForethoughtError, ValueError, TypeError, AttributeError, LookupError, OverflowError)
"""What damage makes of reading."""
LOST = "lost name {}"
"""Who spoke, where the name cannot be read."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """How many turns were copied, and how many were there but could not be read."""

    kept: int
    lost: int


def salvage(damaged: Path, copy: Path) -> Salvaged:
    """Copy what can still be read of a damaged memory into a new one at ``copy``.

    A text that is not the one that was kept counts as lost, as ``verify`` would say of it, where the fingerprints of
    texts can be read. A turn whose speaker's name is lost is kept under another. Raises ``BadSetting`` where no such
    file can be read or the copy exists, ``NoSpace`` and ``NotWritable`` (then there is no copy), ``Damaged`` where
    nothing can be read.
    """
    damaged = damaged.resolve()  # beside the file itself, not beside a link to it, lies its WAL
    with schema.named(damaged):
        if not damaged.is_file():
            raise BadSetting(f"there is no file {damaged}")
        beside = {tail: damaged.with_name(damaged.name + tail) for tail in ("", "-wal")}
        files = {tail: path.read_bytes() for tail, path in beside.items() if path.exists()}
    with schema.named(copy):
        if copy.exists():
            raise BadSetting(f"{copy} exists; name a new file for the copy")
    aside = copy.with_name(f".{copy.name}.{secrets.token_hex(4)}.tmp")
    try:
        turns, lost = _read(damaged, files, aside)
        _keep(turns, copy)
        return Salvaged(len(turns), lost)
    finally:
        if os.path.lexists(aside):
            storage.remove(aside)


def _keep(turns: list[Said], copy: Path) -> None:
    """A new memory of turns; none where they cannot be kept."""
    try:
        with closing(Store(copy)) as store:
            store.extend(turns)
    except BaseException:
        for tail in ("", "-wal", "-shm"):
            storage.remove(f"{copy}{tail}")
        raise


@dataclass(frozen=True, slots=True)
class _Found:
    """Turns that can be read; how many cannot; and of how many the text is known to be the one that was kept."""

    turns: list[Said]
    lost: int
    sure: int


def _read(damaged: Path, files: dict[str, bytes], aside: Path) -> tuple[list[Said], int]:
    """The turns that can be read, and how many cannot: with the file's own first page or, where that loses turns, with
    a new one: what gives most texts that are sure to be right, then most turns.

    Raises ``Damaged`` where no turn can be read in any way, unless the memory is whole and holds none.
    """
    why: Exception | None = None
    best = _Found([], 0, 0)
    for page in (None, "new", "compacted"):
        try:
            _put_aside(files, aside, _first_page(aside / page, page == "compacted") if page else b"")
            found = _readable(aside / "memory")
            if not found.lost and found.sure == len(found.turns) and (found.turns or _is_whole(damaged, aside)):
                return found.turns, 0
            best = max(best, found, key=lambda one: (one.sure, len(one.turns)))
        except (NoSpace, NotWritable):  # of the copy, not of what is damaged
            raise
        except BROKEN as error:
            why = why or error
    if best.turns:
        return best.turns, best.lost
    reason = f" ({why})" if why else ""
    raise Damaged(f"nothing could be read of {damaged}{reason}; it was left as it is, and no copy was made")


def _put_aside(files: dict[str, bytes], aside: Path, first_page: bytes) -> None:
    """A working copy, since SQLite may change what it opens; with another first page where one is given."""
    for tail, data in files.items():
        own = first_page if not tail else b""
        storage.write_bytes(aside / f"memory{tail}", own + data[len(own) :])


def _first_page(path: Path, compacted: bool) -> bytes:
    """The first page of a memory just made, without what it says of the file's length and free pages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = schema.connect(path)
    if compacted:
        connection.execute("VACUUM")
    connection.close()
    data = path.read_bytes()
    page = bytearray(data[: int.from_bytes(data[16:18], "big")])
    page[24:40] = (1).to_bytes(4, "big") + bytes(12)  # another change counter than at 92: the length is not believed
    page[92:96] = bytes(4)
    return bytes(page)


def _is_whole(damaged: Path, aside: Path) -> bool:
    """Whether the file is a memory with which SQLite finds nothing wrong, as its working copy tells."""
    schema.refuse(damaged)
    connection = sqlite3.connect(aside / "memory", isolation_level=None)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        return tables >= schema.TABLES and connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
    finally:
        connection.close()


def _readable(path: Path) -> _Found:
    """The turns that can be read, and how many cannot."""
    store = object.__new__(Store)  # without the checks that refuse a damaged file
    store.path, store._codecs, store._names = path, {}, {}
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        rows, lost = _rows(connection, path.stat().st_size)
        digests, complete = _digests(connection)
        said, sure = [], 0
        for row in rows:
            expected = digests.get(row[4])
            try:
                turn = _said(store, connection, row)
                if (complete or expected is not None) and frames.digest(frames.raw(turn.text)) != expected:
                    raise Damaged(f"text {row[4]} is not the one that was kept")
            except BROKEN:
                lost += 1
            else:
                said.append(turn)
                sure += expected is not None
        return _Found(said, lost, sure)
    finally:
        connection.close()


def _digests(connection: sqlite3.Connection) -> tuple[dict[int, int], bool]:
    """The fingerprints of texts, by number, from both ends as far as they can be read; and whether that is all."""
    known: dict[int, int] = {}
    for order in ("ASC", "DESC"):
        try:
            for text, digest in connection.execute(f"SELECT text, digest FROM digests ORDER BY digest {order}"):
                known[text] = digest
            return known, bool(known)
        except BROKEN:
            continue
    return known, False


def _said(store: Store, connection: sqlite3.Connection, row: tuple[int, ...]) -> Said:
    """A turn; its text has to be whole, its names and its time may be lost."""
    _, conversation, speaker, at, text = row
    try:
        whole = store.text(connection, text)
    except BROKEN:  # of the page where its number would be, which a pack has
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
    except BROKEN:
        return LOST.format(number)


def _rows(connection: sqlite3.Connection, size: int) -> tuple[list[tuple[int, ...]], int]:
    """The rows of turns that can be read, in order, and about how many cannot."""
    try:
        last = connection.execute("SELECT max(id) FROM turns").fetchone()[0] or 0
    except sqlite3.DatabaseError:
        found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name='turns'").fetchone()
        last = found[0] if found else None
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
