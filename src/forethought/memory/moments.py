"""Turns that a question asks for by who spoke and when, whatever they are about: "What did Ann say on 31 May?"."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from forethought.memory.when import is_time
from forethought.memory.words import Question

Days = tuple[int, int]
"""From when until when (excluded), in milliseconds."""


def within(at: int | None, days: Days | None) -> bool:
    """Whether a time in milliseconds is one of these days; a time that is not known is of none."""
    return at is not None and days is not None and days[0] <= at < days[1]


def only_who_or_when(asked: Question, days: Days | None) -> bool:
    """Whether a question names nothing but speakers and a time, so that no word can find what it asks for."""
    if days is not None:
        return all(map(is_time, asked.topic))
    return asked.saying and bool(asked.speakers) and not asked.topic


def told(
    connection: sqlite3.Connection, speakers: Collection[int], days: Days | None, conversation: int | None, most: int
) -> list[int]:
    """The last turns of some speakers (of all where none is named), of some days, of one conversation."""
    only: list[str] = ["1"]
    values: list[int] = []
    if speakers:
        only.append(f"speaker IN ({','.join('?' * len(speakers))})")
        values += speakers
    if days is not None:
        only.append("at>=? AND at<?")
        values += days
    if conversation is not None:
        only.append("conversation=?")
        values.append(conversation)
    sql = f"SELECT id FROM turns WHERE {' AND '.join(only)} ORDER BY id DESC LIMIT ?"
    return [row[0] for row in connection.execute(sql, [*values, most]).fetchall()]
