"""Whether a memory's index is whole, and what makes it anew: words and vectors are made from the turns at any time."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from forethought.errors import Damaged, NotWritable
from forethought.memory.index import BITS, drop_vectors, drop_words, number
from forethought.memory.store import SELECT, Store
from forethought.memory.words import match, sentences

ANEW = (
    "no turn is lost by that: 'forethought memory compact FILE' makes it anew from the turns, and 'forethought memory "
    "salvage FILE COPY' a memory of them where it cannot"
)
SAMPLED = 100
"""Turns, from all over the memory, that are looked up by their own words."""
WORD = re.compile(r"(?<![a-z0-9])[a-z0-9]{1,40}(?![a-z0-9])")
"""What is one word for SQLite too."""


def wrong_file(connection: sqlite3.Connection) -> list[str]:
    """What SQLite's own check of the file says; the words' index, which it knows from 3.44 on, is left to ``wrong``."""
    rows = connection.execute("PRAGMA integrity_check(20)").fetchall()
    return [row[0] for row in rows if row[0] != "ok" and "FTS5 table" not in row[0]]


def wrong(store: Store) -> list[str]:
    """What is wrong with the index, in words, each with what to do about it."""
    return [*_wrong_words(store), *_wrong_vectors(store)]


def mend(store: Store) -> bool:
    """Empty what is damaged of the index, so that it is made anew; whether anything was.

    Raises ``Damaged`` where a turn cannot be read, so that it could not be made anew, and where the file itself is
    damaged: pages that are said to be the index's may be those of turns.
    """
    words, vectors = [*_wrong_words(store)], [*_wrong_vectors(store)]
    if not words and not vectors:
        return False
    for _ in store.turns():
        pass
    with store.write() as connection:
        if found := wrong_file(connection):
            raise Damaged(
                f"{store.path} is damaged ({found[0]}), not its index alone. Restore it from a copy, or keep what can "
                "still be read: forethought memory salvage FILE COPY"
            )
        if words:
            drop_words(connection)
        if vectors:
            drop_vectors(connection)
    return True


def _wrong_words(store: Store) -> Iterator[str]:
    """At most one thing: whether the words are those of the turns that settings say are indexed, some turns are found
    by their own words, and SQLite finds the index whole.
    """
    try:
        with store.read() as connection:
            done = number(connection, "words_to")
            turns = connection.execute("SELECT count(*) FROM turns WHERE id<=?", (done,)).fetchone()[0]
            known = connection.execute("SELECT count(*) FROM turn_words_docsize").fetchone()[0]
            both = "SELECT count(*) FROM turn_words_docsize WHERE id IN (SELECT id FROM turns WHERE id<=?)"
            if not turns == known == connection.execute(both, (done,)).fetchone()[0] or done > _last(connection):
                yield f"the words of {known} turns are indexed; expected {turns}, all up to turn {done}; {ANEW}"
                return
            lost = _not_found(store, connection, done)
        if lost is not None:
            yield f"the words' index is damaged (turn {lost} is not found by its own words); {ANEW}"
            return
        with suppress(NotWritable), store.use() as connection:  # of a file that may not be written this cannot be asked
            connection.execute("INSERT INTO turn_words(turn_words) VALUES('integrity-check')")
    except Damaged as error:
        yield f"the words' index is damaged ({error.__cause__ or error}); {ANEW}"


def _last(connection: sqlite3.Connection) -> int:
    """The last number that a turn was given, forgotten or not."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name='turns'").fetchone()
    return int(found[0]) if found else 0


def _not_found(store: Store, connection: sqlite3.Connection, done: int) -> int | None:
    """The first of some turns that their own words do not find."""
    step = max(1, done // SAMPLED)
    for row in connection.execute(f"{SELECT} WHERE id<=? AND id%?=0 ORDER BY id", (done, step)).fetchall():
        text = _text(store, connection, row)[:2000]
        words = WORD.findall(text.lower())[:-1]  # the last one may be cut
        if text.isascii() and words:
            sql = "SELECT {} FROM turn_words WHERE turn_words MATCH ? AND rowid=?"
            ranked = connection.execute(sql.format("rank"), (match([max(words, key=len)]), row[0]))  # reads lengths too
            rows = [ranked, *(connection.execute(sql.format("rowid"), (match([word]), row[0])) for word in words[:20])]
            if any(found.fetchone() is None for found in rows):
                return int(row[0])
    return None


def _text(store: Store, connection: sqlite3.Connection, row: Sequence[Any]) -> str:
    """The text of a turn; of one that cannot be read nothing, since that is no fault of the index."""
    try:
        return store.turn(connection, row).text
    except Damaged:
        return ""


def _wrong_vectors(store: Store) -> Iterator[str]:
    """At most one thing: whether the vectors are those of the turns that settings say have some, all equally long."""
    with store.read() as connection:
        done = number(connection, "vectors_to")
        lengths = connection.execute("SELECT count(DISTINCT length(vector)) FROM vectors").fetchone()[0]
        strange = connection.execute(
            f"SELECT count(*) FROM vectors WHERE (id>>{BITS}) NOT IN (SELECT id FROM turns WHERE id<=?)", (done,)
        ).fetchone()[0]
        if lengths > 1 or strange or done > _last(connection):
            which = f"they are of {lengths} lengths" if lengths > 1 else f"{strange} are of no turn up to {done}"
            yield f"the sentence vectors are damaged ({which}); {ANEW}"
            return
        without = connection.execute(
            f"{SELECT} WHERE id<=? AND NOT EXISTS (SELECT 1 FROM vectors "
            f"WHERE vectors.id BETWEEN turns.id<<{BITS} AND ((turns.id+1)<<{BITS})-1) ORDER BY id", (done,)
        )  # fmt: skip
        for row in without:
            if sentences(_text(store, connection, row)):
                yield f"the sentence vectors are damaged (turn {row[0]} has none); {ANEW}"
                return
