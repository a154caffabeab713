"""Turns that a question asks for by who spoke and when, whatever they are about: "What did Ann say on 31 May?"."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace

from forethought.memory.only import Days, Only
from forethought.memory.when import is_time
from forethought.memory.words import Question


def within(at: int | None, days: Days | None) -> bool:
    """Whether a time in milliseconds is one of these days; a time that is not known is of none."""
    return at is not None and days is not None and days[0] <= at < days[1]


def only_who_or_when(asked: Question, days: Days | None) -> bool:
    """Whether a question names nothing but speakers and a time, so that no word can find what it asks for."""
    if days is not None:
        return all(map(is_time, asked.topic))
    return asked.saying and bool(asked.speakers) and not asked.topic


def told(
    connection: sqlite3.Connection, speakers: Collection[int], days: Days | None, only: Only, most: int
) -> list[int]:
    """The last turns of some speakers (of all where none is named), of some days, that may be recalled."""
    told, values = replace(only, days=days).clauses()
    if speakers:
        told.append(f"turns.speaker IN ({','.join('?' * len(speakers))})")
        values += speakers
    if only.before is not None:
        told.append("turns.id<?")
        values.append(only.before)
    sql = f"SELECT id FROM turns WHERE {' AND '.join(told or ['1'])} ORDER BY id DESC LIMIT ?"
    return [row[0] for row in connection.execute(sql, [*values, most]).fetchall()]
