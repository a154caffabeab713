"""Upkeep of a memory's file: measured, checked and made smaller.

Each step is one transaction, so a kill at any moment leaves a whole memory, at worst one that is not yet as small.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from forethought.errors import Busy, Damaged, ForethoughtError
from forethought.memory import frames, index, mending
from forethought.memory.frames import CHAT, SEPARATOR, SMALL
from forethought.memory.index import Index
from forethought.memory.store import SELECT, Store

PACK_TEXTS, PACK_BYTES = 8, 16 * 1024
"""Several packs to a page: larger ones waste what is left of it."""
STEP = 1024
"""Texts rewritten in one transaction."""
SAMPLED = 4 << 20
"""Bytes of texts that a dictionary is trained on."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What a memory holds and what it takes, in bytes on the disk.

    ``raw_bytes`` is all turns as UTF-8, repeated ones too; ``text_bytes`` their compressed texts and dictionaries,
    ``turn_bytes`` who, when and where, ``index_bytes`` words, vectors and other ways to find.
    """

    turns: int
    conversations: int
    speakers: int
    texts: int
    raw_bytes: int
    text_bytes: int
    turn_bytes: int
    index_bytes: int
    file_bytes: int
    found_by: str
    waiting: int


def stats(store: Store, found: Index) -> Stats:
    """Counts and sizes; reads every text's length, so it takes a while on a large memory. Raises ``Damaged``."""
    with store.read() as connection, _damage_told(store):
        sizes = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall())
        texts = sum(sizes.get(name, 0) for name in ("texts", "packs", "dictionaries"))
        turns = sum(sizes.get(name, 0) for name in ("turns", "names"))
        row = connection.execute("SELECT count(*), count(DISTINCT conversation), count(DISTINCT speaker) FROM turns")
        count, conversations, speakers = row.fetchone()
        lengths = _lengths(store, connection)
        raw = sum(lengths[text] for (text,) in connection.execute("SELECT text FROM turns"))
        last = connection.execute("SELECT max(id) FROM turns").fetchone()[0] or 0
        return Stats(
            turns=count,
            conversations=conversations,
            speakers=speakers,
            texts=len(lengths),
            raw_bytes=raw,
            text_bytes=texts,
            turn_bytes=turns,
            index_bytes=sum(sizes.values()) - texts - turns,
            file_bytes=sum(sizes.values()),
            found_by=found.name,
            waiting=last - index.number(connection, "words_to"),
        )


@contextmanager
def _damage_told(store: Store) -> Iterator[None]:
    """What comes of rows that this program never writes, as ``Damaged``."""
    try:
        yield
    except ForethoughtError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise Damaged(
            f"{store.path} has rows that cannot be ({type(error).__name__}: {error}). Restore it from a copy, or keep "
            "what can still be read: forethought memory salvage FILE COPY"
        ) from error


def _lengths(store: Store, connection: sqlite3.Connection) -> dict[int, int]:
    """Every text's length in bytes."""
    lengths = {}
    for number, how, frame in connection.execute("SELECT id, dictionary, frame FROM texts").fetchall():
        lengths[number] = len(store.unpack(connection, how, frame))
    for first, how, frame in connection.execute("SELECT first, dictionary, frame FROM packs"):
        for place, text in enumerate(store.unpack(connection, how, frame).split(SEPARATOR)):
            lengths[first + place] = len(text)
    return lengths


# --- checked ---


def verify(store: Store) -> list[str]:
    """What is wrong, in words: SQLite's own check, every text, and whether the index knows each turn once and finds it.

    A text is compared with the fingerprint that was kept of it. A name, a time and which text a turn has are read, but
    nothing was kept to compare them with: a change that SQLite's check does not see goes unnoticed there.
    """
    try:
        with store.read() as connection, _damage_told(store):
            wrong = mending.wrong_file(connection)
            if wrong:
                return wrong
            wrong = _wrong_turns(store, connection)
        return wrong or mending.wrong(store)  # words of a text that is lost are not found either
    except ForethoughtError as error:
        return [str(error)]


def _wrong_turns(store: Store, connection: sqlite3.Connection) -> list[str]:
    wrong = []
    digests = dict(connection.execute("SELECT text, digest FROM digests").fetchall())
    for row in connection.execute(SELECT):
        try:
            turn = store.turn(connection, row)
        except ForethoughtError as error:
            wrong.append(f"turn {row[0]}: {error}")
            continue
        if digests.get(row[4]) != frames.digest(frames.raw(turn.text)):
            wrong.append(f"turn {row[0]}: its text is not the one that was kept")
    return wrong


# --- made smaller ---


def compact(store: Store, found: Index) -> None:
    """Make a damaged index anew, train a dictionary on the texts, pack them with it, merge the words, and give free
    pages back.
    """
    if mending.mend(store):
        found.catch_up()
    try:
        with store.write() as connection:
            trained = frames.train(_samples(store, connection))
            if trained is not None:
                connection.execute(
                    "INSERT INTO dictionaries(data) VALUES(?)", (store.codec(connection, CHAT).pack(trained, SMALL),)
                )
    except BaseException:
        store.drop_caches()  # the number of a dictionary that was not kept can come again
        raise
    repack(store)
    with store.write() as connection:
        connection.execute("INSERT INTO turn_words(turn_words) VALUES('optimize')")
    shrink(store)


def _samples(store: Store, connection: sqlite3.Connection) -> list[bytes]:
    """Texts from all over the memory."""
    ids = [row[0] for row in connection.execute("SELECT DISTINCT text FROM turns").fetchall()]
    step = max(1, len(ids) // 30_000)
    samples, size = [], 0
    for number in ids[::step]:
        text = store.text(connection, number)[:PACK_BYTES]
        samples.append(text)
        size += len(text)
        if size > SAMPLED:
            break
    return samples


def repack(store: Store) -> None:
    """Rewrite every text with the newest dictionary, in packs; drop dictionaries that none needs any more."""
    last = 0
    while True:
        with store.write() as connection:
            dictionary = store.newest_dictionary(connection)
            texts = _take(store, connection, last)
            for first, pack in packs_of(texts):
                row = store.pack(connection, SEPARATOR.join(pack), dictionary, SMALL)
                connection.execute("INSERT INTO packs VALUES(?, ?, ?)", (first, *row))
        if not texts:
            break
        last = texts[-1][0]
    with store.write() as connection:
        connection.execute(
            "DELETE FROM dictionaries WHERE id<? AND id NOT IN (SELECT dictionary FROM texts) "
            "AND id NOT IN (SELECT dictionary FROM packs)",
            (max(store.newest_dictionary(connection), 0),),
        )


def _take(store: Store, connection: sqlite3.Connection, after: int) -> list[tuple[int, bytes]]:
    """The next texts in order of number, taken out of the file to be put back in packs."""
    rows = connection.execute(
        "SELECT id, dictionary, frame, 0 FROM (SELECT * FROM texts WHERE id>? ORDER BY id LIMIT ?) UNION ALL "
        "SELECT first, dictionary, frame, 1 FROM (SELECT * FROM packs WHERE first>? ORDER BY first LIMIT ?)"
        " ORDER BY 1 LIMIT ?",
        (after, STEP, after, STEP, STEP),
    ).fetchall()
    taken: list[tuple[int, bytes]] = []
    for number, how, frame, packed in rows:
        if len(taken) >= STEP:
            break
        data = store.unpack(connection, how, frame)
        taken += enumerate(data.split(SEPARATOR), number) if packed else [(number, data)]
        connection.execute("DELETE FROM packs WHERE first=?" if packed else "DELETE FROM texts WHERE id=?", (number,))
    return taken


def packs_of(texts: Sequence[tuple[int, bytes]]) -> list[tuple[int, list[bytes]]]:
    """Runs of texts with numbers that follow each other: the first number and the texts."""
    packs: list[tuple[int, list[bytes]]] = []
    size = 0
    for number, text in texts:
        follows = packs and number == packs[-1][0] + len(packs[-1][1])
        if follows and len(packs[-1][1]) < PACK_TEXTS and size + len(text) <= PACK_BYTES:
            packs[-1][1].append(text)
            size += len(text)
        else:
            packs.append((number, [text]))
            size = len(text)
    return packs


def shrink(store: Store) -> None:
    """Give free pages back and empty the WAL. Raises ``Busy`` where others keep an old state in use."""
    with store.use() as connection:
        connection.execute("VACUUM")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise Busy(
            f"{store.path} is being read by another process, so its WAL still holds what was there before; end that "
            "process, or close the memory there, then run 'forethought memory compact' again"
        )


__all__ = ["Stats", "compact", "stats", "verify"]
