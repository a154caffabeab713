"""What turns are found by: words (SQLite's FTS5) and sentence vectors. Made from the turns, a batch at a time.

A turn that was just kept is indexed when the next question is asked, or when enough of them wait: so that keeping is as
fast as SQLite is, and a kill in between costs nothing but doing it again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forethought.errors import Damaged
from forethought.memory import schema
from forethought.memory.embed import LEXICAL, Embedder
from forethought.memory.irregular import forms
from forethought.memory.only import Only
from forethought.memory.store import SELECT, Store
from forethought.memory.turns import Turn
from forethought.memory.words import indexed, match, sentences, spaced

BITS = 12
"""A sentence's number is its turn's, shifted by these bits, plus its place."""
BATCH = 1000
WORDS = "2"
"""The form in which words are indexed (``words.spaced``); 1 had no spaces in Chinese and Japanese."""
RESCORED = 512
"""Sentences whose exact vectors are compared, of those nearest by sign."""

ALL = Only()
COUNTED = 100_000
"""Words whose number of turns is remembered."""


class Count(NamedTuple):
    """In how many turns a word was, of those indexed up to a number, when so many removals had been made."""

    turns: int
    to: int
    changes: int


@dataclass(eq=False)
class Index:
    """The index of one store; ``embedder`` None is words alone."""

    store: Store
    embedder: Embedder | None
    _ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), init=False, repr=False)
    _who: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, 0), np.int64), init=False, repr=False)
    """Conversation and speaker of each sentence."""
    _signs: NDArray[np.uint64] = field(default_factory=lambda: np.zeros((0, 0), np.uint64), init=False, repr=False)
    _state: str = field(default="", init=False, repr=False)
    _counts: dict[str, Count] = field(default_factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """How turns are found, in words."""
        return LEXICAL if self.embedder is None else f"{LEXICAL} + {self.embedder.name}"

    # --- making ---

    def catch_up(self) -> int:
        """Index what waits; returns how many turns. Others can write between the batches."""
        self._claim_words()
        done = 0
        while made := self._batch("words_to", self._add_words):
            done += made
        if self.embedder is not None:
            self._claim_vectors()
            while self._batch("vectors_to", self._add_vectors):
                pass
        return done

    def waiting(self) -> int:
        """How many turns the words do not know yet (at most)."""
        with self.store.read() as connection:
            last = connection.execute("SELECT max(id) FROM turns").fetchone()[0] or 0
            return int(last) - number(connection, "words_to")

    def _batch(self, key: str, add: object) -> int:
        assert callable(add)
        with self.store.read() as connection:
            done, last = number(connection, key), connection.execute("SELECT max(id) FROM turns").fetchone()[0]
        if (last or 0) <= done:
            return 0
        with self.store.write() as connection:
            done = number(connection, key)
            rows = connection.execute(f"{SELECT} WHERE id>? ORDER BY id LIMIT {BATCH}", (done,)).fetchall()
            if rows:
                add(connection, [self.store.turn(connection, row) for row in rows])
                put(connection, key, rows[-1][0])
            return len(rows)

    def _add_words(self, connection: sqlite3.Connection, turns: Sequence[Turn]) -> None:
        with words_told(self.store.path):
            connection.executemany(
                "INSERT INTO turn_words(rowid, text) VALUES(?, ?)", [(turn.id, spaced(turn.text)) for turn in turns]
            )

    def _add_vectors(self, connection: sqlite3.Connection, turns: Sequence[Turn]) -> None:
        """The speaker stands before each sentence: a question names people, their sentences say "I"."""
        assert self.embedder is not None
        found = [
            (turn.id << BITS | place, f"{indexed(turn.speaker)}: {sentence}")
            for turn in turns
            for place, sentence in enumerate(sentences(turn.text))
        ]
        if found:
            vectors = self.embedder.embed([text for _, text in found]).astype(np.float16)
            rows = [(key, vector.tobytes()) for (key, _), vector in zip(found, vectors, strict=True)]
            connection.executemany("INSERT INTO vectors(id, vector) VALUES(?, ?)", rows)

    def _claim_words(self) -> None:
        """Words that an earlier version looked up in another form make room for this one's."""
        with self.store.read() as connection:
            if text(connection, "words") == WORDS:
                return
        with self.store.write() as connection:
            drop_words(connection)

    def _claim_vectors(self) -> None:
        """Vectors of another embedder make room for this one's."""
        assert self.embedder is not None
        with self.store.read() as connection:
            if text(connection, "embedder") == self.embedder.name:
                return
        with self.store.write() as connection:
            drop_vectors(connection)
            put(connection, "embedder", self.embedder.name)

    def remove(self, connection: sqlite3.Connection, turns: Sequence[Turn]) -> None:
        """Take turns out of the index, in the transaction that removes them."""
        if text(connection, "words") != WORDS:
            drop_words(connection)
        done = number(connection, "words_to")
        with words_told(self.store.path):
            connection.executemany(
                "INSERT INTO turn_words(turn_words, rowid, text) VALUES('delete', ?, ?)",
                [(turn.id, spaced(turn.text)) for turn in turns if turn.id <= done],
            )
        connection.executemany(
            "DELETE FROM vectors WHERE id BETWEEN ? AND ?",
            [(turn.id << BITS, (turn.id + 1 << BITS) - 1) for turn in turns],
        )
        changed(connection)

    # --- finding ---

    def by_words(
        self, connection: sqlite3.Connection, words: Sequence[str], most: int, only: Only = ALL
    ) -> dict[int, float]:
        """Turns with any of the words: their numbers and BM25 scores (larger is better), the best ``most``, of equals
        the later.
        """
        return self.by_query(connection, match(forms(words)), most, only) if words else {}

    def by_query(self, connection: sqlite3.Connection, query: str, most: int, only: Only = ALL) -> dict[int, float]:
        """The same for a query as FTS5 writes them."""
        condition, values = only.of_words()
        sql = "SELECT rowid, rank FROM turn_words WHERE turn_words MATCH ?"
        with words_told(self.store.path):
            rows = connection.execute(f"{sql}{condition} ORDER BY rank, rowid DESC LIMIT ?", (query, *values, most))
            return {turn: -rank for turn, rank in rows.fetchall()}

    def counts(self, connection: sqlite3.Connection, words: Sequence[str]) -> dict[str, int]:
        """In how many turns each word is. What was counted before is gone on from, as long as nothing was removed."""
        to, changes = number(connection, "words_to"), number(connection, "changes")
        if len(self._counts) > COUNTED:
            self._counts.clear()
        found = {}
        for word in words:
            known = self._counts.get(word, Count(0, 0, changes))
            if known.changes != changes or known.to > to:
                known = Count(0, 0, changes)
            if known.to < to:
                sql = "SELECT count(*) FROM turn_words WHERE turn_words MATCH ? AND rowid>?"
                with words_told(self.store.path):
                    more = connection.execute(sql, (match(forms([word])), known.to)).fetchone()[0]
                known = Count(known.turns + more, to, changes)
            self._counts[word] = known
            found[word] = known.turns
        return found

    def by_vector(self, connection: sqlite3.Connection, question: str, most: int, only: Only = ALL) -> dict[int, float]:
        """Turns by their best sentence's cosine with the question: nearest by sign first, then exactly."""
        if self.embedder is None or text(connection, "embedder") != self.embedder.name:  # no room yet for this one's
            return {}
        self._load(connection)
        if not len(self._ids):
            return {}
        vector = self.embedder.embed([indexed(question)])[0]
        near, signed = self._ids, self._signs
        allowed = None if only == ALL else only.among(near >> BITS, *self._who)
        if allowed is not None:
            near, signed = near[allowed], signed[:, allowed]
        if len(near) > RESCORED:
            near = near[nearest(signed, signs(vector[None])[0], RESCORED)]
        if not len(near):
            return {}
        marks = ",".join("?" * len(near))
        rows = connection.execute(f"SELECT id, vector FROM vectors WHERE id IN ({marks})", near.tolist()).fetchall()
        scores = np.frombuffer(b"".join(row[1] for row in rows), np.float16).reshape(len(rows), -1) @ vector
        best: dict[int, float] = {}
        for place in np.argsort(-scores, kind="stable").tolist():
            best.setdefault(rows[place][0] >> BITS, float(scores[place]))
            if len(best) == most:
                break
        return best

    def _load(self, connection: sqlite3.Connection) -> None:
        """Read the vectors that are new since the last question; all of them where some were removed."""
        state = f"{text(connection, 'changes')} {text(connection, 'embedder')}"
        if state != self._state:
            self._ids, self._signs, self._state = np.zeros(0, np.int64), np.zeros((0, 0), np.uint64), state
            self._who = np.zeros((2, 0), np.int64)
        last = int(self._ids[-1]) if len(self._ids) else -1
        ids, parts = [self._ids], [self._signs] if len(self._ids) else []
        cursor = connection.execute("SELECT id, vector FROM vectors WHERE id>? ORDER BY id", (last,))
        while rows := cursor.fetchmany(8192):
            ids.append(np.array([row[0] for row in rows], np.int64))
            vectors = np.frombuffer(b"".join(row[1] for row in rows), np.float16)
            parts.append(np.ascontiguousarray(signs(vectors.reshape(len(rows), -1)).T))
        if len(ids) > 1:
            self._ids, self._signs = np.concatenate(ids), np.concatenate(parts, axis=1)
            self._who = np.concatenate([self._who, whose(connection, np.concatenate(ids[1:]) >> BITS)], axis=1)
            assert self._signs.flags.c_contiguous, "a row's signs are read one after the other"


def whose(connection: sqlite3.Connection, turns_N: NDArray[np.int64]) -> NDArray[np.int64]:
    """The conversations and the speakers (2, N) of N turns, in order."""
    first, last = int(turns_N[0]), int(turns_N[-1])
    sql = "SELECT id, conversation, speaker FROM turns WHERE id BETWEEN ? AND ? ORDER BY id"
    rows = np.array(connection.execute(sql, (first, last)).fetchall(), np.int64).reshape(-1, 3)
    return np.ascontiguousarray(rows[np.searchsorted(rows[:, 0], turns_N), 1:].T)


def signs(vectors: NDArray[np.floating]) -> NDArray[np.uint64]:
    """The signs of vectors (N, W) as bits (N, W / 64, rounded up)."""
    bits = np.packbits(vectors > 0, axis=1)
    short = -bits.shape[1] % 8
    return np.ascontiguousarray(np.pad(bits, ((0, 0), (0, short)))).view(np.uint64)


def nearest(signs_BN: NDArray[np.uint64], one_B: NDArray[np.uint64], most: int) -> NDArray[np.intp]:
    """Places (``most``) of the vectors with the fewest signs other than one vector's; of equal ones, the first.

    ``signs_BN`` are the ``signs`` of N vectors, turned: a row has 64 signs of each vector.
    """
    apart_N = np.zeros(signs_BN.shape[1], np.uint16)
    for bits_N, bits in zip(signs_BN, one_B, strict=True):
        apart_N += np.bitwise_count(bits_N ^ bits)
    last = np.searchsorted(np.bincount(apart_N).cumsum(), most)
    closer = np.flatnonzero(apart_N < last)
    return np.concatenate([closer, np.flatnonzero(apart_N == last)[: most - len(closer)]])


@contextmanager
def words_told(path: Path) -> Iterator[None]:
    """What SQLite says of a damaged index of words, with what makes it anew."""
    try:
        with schema.clear_errors(path):
            yield
    except Damaged as error:
        raise Damaged(
            f"the words' index of {path} cannot be read ({error.__cause__}). It is made from the turns: where "
            "'forethought memory verify FILE' names nothing else, 'forethought memory compact FILE' makes it anew"
        ) from error.__cause__


def drop_words(connection: sqlite3.Connection) -> None:
    """Empty the words' index; it is made anew, in this version's form."""
    connection.execute("INSERT INTO turn_words(turn_words) VALUES('delete-all')")
    put(connection, "words_to", 0)
    put(connection, "words", WORDS)
    changed(connection)


def drop_vectors(connection: sqlite3.Connection) -> None:
    """Remove all vectors; they are made anew."""
    connection.execute("DELETE FROM vectors")
    put(connection, "vectors_to", 0)
    changed(connection)


def text(connection: sqlite3.Connection, key: str) -> str:
    """A setting of the memory, or nothing."""
    found = connection.execute("SELECT value FROM settings WHERE key=?", (key,)).fetchone()
    return str(found[0]) if found else ""


def number(connection: sqlite3.Connection, key: str) -> int:
    """A setting that is a number, 0 where it is not there."""
    return int(text(connection, key) or 0)


def put(connection: sqlite3.Connection, key: str, value: object) -> None:
    """Keep a setting."""
    connection.execute("INSERT OR REPLACE INTO settings VALUES(?, ?)", (key, str(value)))


def changed(connection: sqlite3.Connection) -> None:
    """Say that some of the index was removed: what others have read of it no longer holds."""
    put(connection, "changes", number(connection, "changes") + 1)
