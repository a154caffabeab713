"""Turns removed for good: text, words, vectors, names, dictionaries that learned from them, free pages and WAL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from forethought.errors import BadSetting
from forethought.memory import checks
from forethought.memory.frames import CHAT, SEPARATOR
from forethought.memory.index import Index
from forethought.memory.store import SELECT, Store, number_of
from forethought.memory.upkeep import packs_of, shrink


def forget(store: Store, found: Index, turns: Iterable[int], conversation: str | None, speaker: str | None) -> int:
    """Remove turns for good; see ``Memory.forget``."""
    turns = checks.numbers("the turns to forget", turns)
    if not turns and conversation is None and speaker is None:
        raise BadSetting("nothing was named to forget; give numbers of turns, a conversation or a speaker")
    with store.write() as connection:
        rows = _named(connection, turns, conversation, speaker)
        found.remove(connection, [store.turn(connection, row) for row in rows])
        connection.executemany("DELETE FROM turns WHERE id=?", [(row[0],) for row in rows])
        connection.execute(
            "DELETE FROM names WHERE id NOT IN (SELECT speaker FROM turns UNION SELECT conversation FROM turns)"
        )
        _drop_texts(store, connection, {row[4] for row in rows})
        own = connection.execute("SELECT count(*) FROM dictionaries").fetchone()[0]
        if rows and own:  # it may hold words of what was forgotten
            _without_own(store, connection)
        if rows:
            connection.execute("INSERT INTO turn_words(turn_words) VALUES('optimize')")
    store.drop_caches()
    if rows:
        shrink(store)
    return len(rows)


def _named(
    connection: sqlite3.Connection, turns: Sequence[int], conversation: str | None, speaker: str | None
) -> list[tuple[int, int, int, int | None, int]]:
    """The rows of the turns that are to go."""
    where, values = [], []
    for column, name in (("conversation", conversation), ("speaker", speaker)):
        if name is not None:
            where.append(f"{column}=?")
            values.append(number_of(connection, checks.text(f"the {column}", name)))
    rows = []
    if where:
        rows = connection.execute(f"{SELECT} WHERE {' AND '.join(where)}", values).fetchall()
    for number in dict.fromkeys(turns):
        row = connection.execute(f"{SELECT} WHERE id=?", (number,)).fetchone()
        if row is None:
            raise BadSetting(f"there is no turn {number}; nothing was forgotten. 'turns()' lists what there is.")
        rows += [row] if row not in rows else []
    return rows


def _drop_texts(store: Store, connection: sqlite3.Connection, texts: set[int]) -> None:
    """Remove the texts that no turn has any more; packs are written anew without them."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS gone(text INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM temp.gone")
    connection.executemany("INSERT INTO temp.gone VALUES(?)", [(text,) for text in texts])
    connection.execute("DELETE FROM temp.gone WHERE text IN (SELECT text FROM turns)")
    gone = {row[0] for row in connection.execute("SELECT text FROM temp.gone").fetchall()}
    connection.execute("DELETE FROM texts WHERE id IN (SELECT text FROM temp.gone)")
    connection.execute("DELETE FROM digests WHERE text IN (SELECT text FROM temp.gone)")
    for number in sorted(gone):
        pack = store.pack_with(connection, number)
        if pack is None:
            continue
        connection.execute("DELETE FROM packs WHERE first=?", (pack[0],))
        kept = [(n, text) for n, text in enumerate(pack[1], pack[0]) if n not in gone]
        for first, texts_of in packs_of(kept):
            packed = store.pack(connection, SEPARATOR.join(texts_of), store.newest_dictionary(connection))
            connection.execute("INSERT INTO packs VALUES(?, ?, ?)", (first, *packed))


def _without_own(store: Store, connection: sqlite3.Connection) -> None:
    """Write every text with the shipped dictionary and drop the memory's own ones."""
    for table, key in (("texts", "id"), ("packs", "first")):
        rows = connection.execute(f"SELECT {key} FROM {table} WHERE dictionary>0").fetchall()
        for (number,) in rows:
            how, frame = connection.execute(
                f"SELECT dictionary, frame FROM {table} WHERE {key}=?", (number,)
            ).fetchone()
            packed = store.pack(connection, store.unpack(connection, how, frame), CHAT)
            connection.execute(f"UPDATE {table} SET dictionary=?, frame=? WHERE {key}=?", (*packed, number))
    connection.execute("DELETE FROM dictionaries")
