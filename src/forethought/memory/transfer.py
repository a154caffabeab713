"""Turns out of a memory and into one: JSONL files, and what can still be read of a damaged one."""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.errors import BadSetting, Damaged, ForethoughtError
from forethought.memory import frames
from forethought.memory.store import SELECT, Store
from forethought.memory.turns import Said, Turn, read_time

FIELDS = {"id", "conversation", "speaker", "at", "text", "base64"}
RANGE = 256


@dataclass(frozen=True, slots=True)
class Salvaged:
    """How many turns were copied, and how many were there but could not be read."""

    kept: int
    lost: int


def export(store: Store, path: Path) -> int:
    """Write every turn as one JSON object a line (``id``, ``conversation``, ``speaker``, ``at``, ``text``); how many.

    A text with lone surrogates, which JSON would join, is ``base64`` of its UTF-8 instead. Raises ``NoSpace``.
    """
    lines = [json.dumps(_told(turn), ensure_ascii=False) for turn in store.turns()]
    storage.write_bytes(path, "".join(f"{line}\n" for line in lines).encode())
    return len(lines)


def read(path: Path) -> list[Said]:
    """The turns of a JSONL file; only ``speaker`` and ``text`` (or ``base64``) are needed. Raises ``Damaged``."""
    if not path.is_file():
        raise BadSetting(f"there is no file {path}; expected JSONL with a speaker and a text in each line")
    said = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            said.append(_heard(json.loads(line.decode("utf-8"))))
        except (ValueError, ForethoughtError) as error:
            raise Damaged(
                f"{path}, line {number}: {error}; expected an object such as "
                '{"speaker": "user", "text": "Hello", "at": "2024-05-31T18:30:00"}. Nothing was imported.'
            ) from error
    return said


def _told(turn: Turn) -> dict[str, Any]:
    at = turn.at.isoformat() if turn.at else None
    who = {"id": turn.id, "conversation": _plain(turn.conversation), "speaker": _plain(turn.speaker), "at": at}
    if re.search("[\ud800-\udfff]", turn.text):
        return {**who, "base64": base64.b64encode(frames.raw(turn.text)).decode()}
    return {**who, "text": turn.text}


def _plain(name: str) -> str:
    """A name that JSON can hold."""
    return name.encode("utf-8", "replace").decode()


def _heard(found: object) -> Said:
    """A turn of a line; raises ``BadSetting`` for what it lacks."""
    if not isinstance(found, dict):
        raise BadSetting(f"got {type(found).__name__}")
    if unknown := set(found) - FIELDS:
        raise BadSetting(f"got the unknown fields {sorted(unknown)}")
    speaker, text, coded = found.get("speaker"), found.get("text"), found.get("base64")
    if isinstance(coded, str) and text is None:
        try:
            text = frames.unraw(base64.b64decode(coded, validate=True))
        except (binascii.Error, UnicodeDecodeError) as error:
            raise BadSetting(f"its base64 is none of a text ({error})") from error
    if not isinstance(speaker, str) or not isinstance(text, str):
        raise BadSetting("it lacks a speaker or a text")
    at, conversation = found.get("at"), found.get("conversation", "")
    if not isinstance(at, str | None) or not isinstance(conversation, str):
        raise BadSetting("its time or its conversation is no text")
    return Said(speaker, text, read_time(at) if at else None, conversation)


# --- damaged files ---


def salvage(damaged: Path, copy: Path) -> Salvaged:
    """Copy what can still be read of a damaged memory into a new one at ``copy``; the damaged file is only read.

    Raises ``BadSetting`` where there is no such file or the copy exists, ``Damaged`` where nothing can be read.
    """
    if not damaged.is_file():
        raise BadSetting(f"there is no file {damaged}")
    if copy.exists():
        raise BadSetting(f"{copy} exists; name a new file for the copy")
    aside = copy.with_name(f".{copy.name}.{secrets.token_hex(4)}.tmp")
    try:
        for tail in ("", "-wal"):  # SQLite may change what it opens
            source = damaged.with_name(damaged.name + tail)
            if source.exists():
                storage.write_bytes(aside / f"memory{tail}", source.read_bytes())
        turns, lost = _readable(aside / "memory", damaged)
        if not turns:
            raise Damaged(f"nothing could be read of {damaged}; it was left as it is, and no copy was made")
        store = Store(copy)
        store.extend(turns)
        store.close()
        return Salvaged(len(turns), lost)
    finally:
        storage.remove(aside)


def _readable(path: Path, damaged: Path) -> tuple[list[Said], int]:
    """The turns that can be read, and how many cannot."""
    store = object.__new__(Store)  # without the checks that refuse a damaged file
    store.path, store._codecs, store._names = path, {}, {}
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        rows, lost = _rows(connection)
        said = []
        for row in rows:
            try:
                turn = store.turn(connection, row)
                said.append(Said(turn.speaker, turn.text, turn.at, turn.conversation))
            except (sqlite3.DatabaseError, ForethoughtError, UnicodeDecodeError):
                lost += 1
        return said, lost
    except sqlite3.DatabaseError as error:
        raise Damaged(f"nothing could be read of {damaged} ({error}); it was left as it is") from error
    finally:
        connection.close()


def _rows(connection: sqlite3.Connection) -> tuple[list[tuple[int, ...]], int]:
    """The rows of turns that can be read, in order, and about how many cannot."""
    try:
        last = connection.execute("SELECT max(id) FROM turns").fetchone()[0] or 0
    except sqlite3.DatabaseError:
        last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name='turns'").fetchone()[0]
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
