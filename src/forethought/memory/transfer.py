"""Turns out of a memory and into one: JSONL files."""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.errors import BadSetting, Damaged, ForethoughtError
from forethought.memory import frames
from forethought.memory.store import Store
from forethought.memory.turns import Said, Turn, check, read_time

CODED = {"conversation": "conversation_base64", "speaker": "speaker_base64", "text": "base64"}
"""Fields of texts that JSON does not hold, by the fields of those that it does."""
FIELDS = {"id", "at", *CODED, *CODED.values()}


def export(store: Store, path: Path) -> int:
    """Write every turn as one JSON object a line (``id``, ``conversation``, ``speaker``, ``at``, ``text``); how many.

    A text with lone surrogates, which JSON would join, is ``base64`` of its UTF-8 instead, and so is a name with some
    (``speaker_base64``, ``conversation_base64``). Raises ``NoSpace``, ``NotWritable``, and ``BadSetting`` for a folder
    and for the memory's own files.
    """
    with suppress(OSError):  # of what cannot be looked at, which cannot be written either
        if path.is_dir():
            raise BadSetting(f"{path} is a folder; expected a file to write, such as {path / 'turns.jsonl'}")
        if _is_own(store.path.resolve(), path.resolve()):
            raise BadSetting(
                f"{path} is the memory itself, or SQLite's file beside it; expected another file to write, such as "
                f"{path.with_name('turns.jsonl')}"
            )
    lines = [json.dumps(_told(turn), ensure_ascii=False) for turn in store.turns()]
    storage.write_bytes(path, "".join(f"{line}\n" for line in lines).encode())
    return len(lines)


def _is_own(memory: Path, path: Path) -> bool:
    """Whether a path leads to a memory's file, or to one that SQLite keeps beside it; paths without links."""
    own = [memory.with_name(memory.name + tail) for tail in ("", "-wal", "-shm", "-journal")]
    return path in own or any(path.exists() and file.exists() and path.samefile(file) for file in own)


def read(path: Path) -> list[Said]:
    """The turns of a JSONL file or a pipe; only ``speaker`` and ``text`` (or ``base64``) are needed.

    Raises ``Damaged``, naming the line, and ``BadSetting`` where nothing can be read.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        problem = f"there is no file {path}" if missing else f"{str(path)!r} cannot be read ({error})"
        raise BadSetting(f"{problem}; expected JSONL with a speaker and a text in each line") from error
    said = []
    for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            said.append(_heard(json.loads(line.decode("utf-8"))))
        except (ValueError, RecursionError, ForethoughtError) as error:
            raise Damaged(
                f"{path}, line {number}: {error}; expected an object such as "
                '{"speaker": "user", "text": "Hello", "at": "2024-05-31T18:30:00"}. Nothing was imported.'
            ) from error
    return said


def _told(turn: Turn) -> dict[str, Any]:
    at = turn.at.isoformat() if turn.at else None
    told = {"id": turn.id, **_field("conversation", turn.conversation), **_field("speaker", turn.speaker), "at": at}
    return {**told, **_field("text", turn.text)}


def _field(name: str, text: str) -> dict[str, str]:
    """A text under its name, or in base64 where JSON cannot hold it."""
    if re.search("[\ud800-\udfff]", text):
        return {CODED[name]: base64.b64encode(frames.raw(text)).decode()}
    return {name: text}


def _heard(found: object) -> Said:
    """A turn of a line; raises ``BadSetting`` for what it lacks."""
    if not isinstance(found, dict):
        raise BadSetting(f"got {type(found).__name__}")
    if unknown := set(found) - FIELDS:
        raise BadSetting(f"got the unknown fields {sorted(unknown)}")
    speaker, text = _text(found, "speaker"), _text(found, "text")
    if not isinstance(speaker, str) or not isinstance(text, str):
        raise BadSetting("it lacks a speaker or a text")
    at, conversation = found.get("at"), _text(found, "conversation", "")
    if not isinstance(at, str | None) or not isinstance(conversation, str):
        raise BadSetting("its time or its conversation is no text")
    said = Said(speaker, text, read_time(at) if at else None, conversation)
    check(said)
    return said


def _text(found: dict[Any, Any], name: str, otherwise: object = None) -> object:
    """What a line has under a name, or in base64. Raises ``BadSetting`` where that is none of a text."""
    coded = found.get(CODED[name])
    if not isinstance(coded, str) or found.get(name) is not None:
        return found.get(name, otherwise)
    try:
        return frames.unraw(base64.b64decode(coded, validate=True))
    except (binascii.Error, Damaged) as error:
        raise BadSetting(f"its {CODED[name]} is none of a text ({error})") from error
