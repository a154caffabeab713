"""The file of a memory: what is in it, how it is opened, and what a failing SQLite means for its user.

One SQLite file, in WAL mode with ``synchronous=FULL``: what was committed survives a kill and a power cut. ``turns``,
``texts``, ``packs`` (what ``compact`` makes of texts: several in one frame), ``names`` and ``dictionaries`` are the
truth; digests, words and vectors are an index, made from it anew at any time.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from forethought.errors import BadSetting, Busy, Damaged, ForethoughtError, NoSpace, NotWritable

APPLICATION = 0x66746D65
"""SQLite's ``application_id`` of a memory: "ftme"."""
VERSION = 1
WAIT = 60.0
"""Seconds to wait for another process that is writing."""
MAGIC = b"SQLite format 3\x00"

TRUTH = """
CREATE TABLE IF NOT EXISTS names(
    id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL UNIQUE, speaks INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS dictionaries(id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS texts(
    id INTEGER PRIMARY KEY AUTOINCREMENT, dictionary INTEGER NOT NULL, frame BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS packs(first INTEGER PRIMARY KEY, dictionary INTEGER NOT NULL, frame BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS turns(
    id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER NOT NULL, speaker INTEGER NOT NULL,
    at INTEGER, text INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS turns_conversation ON turns(conversation, id);
CREATE TABLE IF NOT EXISTS settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
INDEX = """
CREATE TABLE IF NOT EXISTS digests(digest INTEGER, text INTEGER, PRIMARY KEY(digest, text)) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS turn_words USING fts5(
    text, content='', tokenize='porter unicode61 remove_diacritics 2');
CREATE TABLE IF NOT EXISTS vectors(id INTEGER PRIMARY KEY, vector BLOB NOT NULL);
"""
OURS = ("syntax error", "transaction", "interrupted", "too many", "incomplete input")
"""What SQLite says of a program's mistakes; all else that it cannot do with a memory tells of a damaged file."""
TABLES = {"names", "dictionaries", "texts", "packs", "turns", "settings"}


def connect(path: Path, known: Collection[tuple[int, int]] = ()) -> sqlite3.Connection:
    """An open memory at ``path``, made where there is none; one of the files ``known`` (``file_of``) is not looked at.

    Raises ``Damaged`` for a file that is no memory (it stays as it was), ``BadSetting`` for one of a later version and
    for a path where no file can be, ``NotWritable``, ``NoSpace`` and ``Busy``. A file that may not be written, in a
    folder that may not either, is only read.
    """
    with named(path):
        if path.is_dir():
            raise BadSetting(f"{path} is a folder; expected the file of a memory, such as {path / 'chat.sqlite'}")
        if path.exists() and not path.is_file():  # SQLite would leave a journal beside it
            raise BadSetting(f"{path} is a device or a pipe; expected the file of a memory, such as chat.sqlite")
        if not path.exists() or file_of(path) not in known:
            refuse(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        fixed = _is_fixed(path)
    with clear_errors(path):
        where = f"{path.absolute().as_uri()}?immutable=1" if fixed else path
        connection = sqlite3.connect(where, timeout=WAIT, isolation_level=None, check_same_thread=False, uri=fixed)
        try:
            if not fixed:
                _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def file_of(path: Path) -> tuple[int, int]:
    """Which file a path leads to, whatever its name: device and inode."""
    found = path.stat()
    return found.st_dev, found.st_ino


def refuse(path: Path) -> None:
    """Raises ``Damaged`` or ``BadSetting`` where the file is none of ours; reads its first bytes, touches nothing."""
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(MAGIC):
        raise Damaged(
            f"{path} is not a memory: it does not begin as an SQLite file does. It was left as it is; name another "
            "file. If it was a memory, 'forethought memory salvage' copies what can still be read."
        )
    application, version = int.from_bytes(head[68:72], "big"), int.from_bytes(head[60:64], "big")
    if application != APPLICATION:
        raise Damaged(
            f"{path} is an SQLite file of another program (application id {application:#x}, expected "
            f"{APPLICATION:#x}); it was left as it is. Name another file for the memory."
        )
    if version > VERSION:
        raise BadSetting(f"{path} is of version {version}, this program knows {VERSION}; use a later forethought")
    _refuse_short(path, head)


def _refuse_short(path: Path, head: bytes) -> None:
    """Raises ``Damaged`` where the file is shorter than its first page says and no WAL can hold the rest."""
    path = path.resolve()  # SQLite puts the WAL beside the file itself, not beside a link to it
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        return
    page = int.from_bytes(head[16:18], "big")
    expected = int.from_bytes(head[28:32], "big") * (65536 if page == 1 else page)
    size = path.stat().st_size
    if size < expected:
        raise Damaged(
            f"{path} was cut short: {size:,} bytes of {expected:,}. It was left as it is; restore it from a copy, or "
            "keep what can still be read: forethought memory salvage FILE COPY"
        )


def _is_fixed(path: Path) -> bool:
    """Whether all is in the file and it stays so: no place for a WAL, which SQLite needs otherwise, and none there."""
    file = Path(os.path.realpath(path))
    beside = any(Path(f"{file}{tail}").exists() for tail in ("-wal", "-journal"))
    return file.exists() and not beside and not os.access(file, os.W_OK) and not os.access(file.parent, os.W_OK)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Settings of a connection; makes the tables where they are not there yet."""
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA cache_size=-16384")
    connection.execute("PRAGMA foreign_keys=OFF")
    if _complete(connection):
        return
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    if tables and not tables & TABLES:
        raise Damaged(f"{path} is an SQLite file of another program; name another file for the memory")
    with transaction(connection):
        connection.execute(f"PRAGMA application_id={APPLICATION}")
        connection.execute(f"PRAGMA user_version={VERSION}")
        for statement in (TRUTH + INDEX).split(";\n"):
            connection.execute(statement)
        connection.execute("INSERT OR IGNORE INTO settings VALUES('made', '1')")
    if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
        raise BadSetting(f"{path} lies on a file system without shared memory; put the memory on a local disk")


def _complete(connection: sqlite3.Connection) -> bool:
    """Whether the tables are there, in WAL mode."""
    made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name='settings'").fetchone()[0]
    return bool(made) and connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One write, whole or not at all, and on the disk when the block has ended."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Several reads of one state, whatever others write meanwhile."""
    if connection.in_transaction:
        yield connection
        return
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        _end(connection)


def _end(connection: sqlite3.Connection) -> None:
    """End what was read together, unless SQLite did itself, as it does where the file fails it."""
    if connection.in_transaction:
        connection.execute("COMMIT")


@contextmanager
def named(path: Path) -> Iterator[None]:
    """What the file system says of a path where no file can be: ``BadSetting``, or ``NoSpace`` for its folder."""
    try:
        yield
    except ForethoughtError:
        raise
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise NoSpace(f"no space left for the folder of {path}; free some space, then do the same again") from error
        raise BadSetting(f"{str(path)!r} cannot be the file of a memory ({error}); name another path") from error


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """What SQLite says, as our errors: ``NoSpace``, ``NotWritable``, ``Busy``, ``Damaged``."""
    try:
        yield
    except UnicodeDecodeError as error:  # of a name in the file, not of a text
        raise _unreadable(path, error) from error
    except sqlite3.DatabaseError as error:
        words = str(error)
        if "is full" in words or ("disk I/O error" in words and _no_room(path)):
            raise NoSpace(
                f"no space left while writing {path}; every turn that was acknowledged before is intact. Free some "
                "space, then do the same again."
            ) from error
        if "locked" in words or "busy" in words or "locking" in words:
            raise Busy(
                f"another process has been writing {path} for {WAIT:g} seconds; wait for it, or end it"
            ) from error
        if "readonly" in words or "unable to open" in words:
            raise NotWritable(f"{path} cannot be written ({words}); check the folder and its rights") from error
        if isinstance(error, sqlite3.OperationalError) and any(mistake in words for mistake in OURS):
            raise
        raise _unreadable(path, error) from error


def _unreadable(path: Path, why: object) -> Damaged:
    return Damaged(
        f"{path} cannot be read ({why}). Restore it from a copy, or keep what can still be read: "
        "forethought memory salvage FILE COPY"
    )


def _no_room(path: Path) -> bool:
    """Whether the disk of ``path`` has next to nothing left."""
    room = os.statvfs(path.parent)
    return room.f_bavail * room.f_frsize < 1 << 20
