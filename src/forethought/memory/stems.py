"""Words as the index sees them: their stems, irregular forms joined."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from forethought.memory.implied import implied
from forethought.memory.irregular import base
from forethought.memory.words import all_words

KNOWN, READ = 100_000, 1000
"""Stems that are remembered, and texts whose stems are."""


class Words:
    """Words as the index sees them, stemmed, by a scratch index in memory; several threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._scratch = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._scratch.execute(
            "CREATE VIRTUAL TABLE scratch USING fts5(text, content='', tokenize='porter unicode61 remove_diacritics 2')"
        )
        self._scratch.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(scratch, instance)")
        self._known: dict[str, str] = {}
        self._read: dict[str, frozenset[str]] = {}

    def stems(self, words: Iterable[str]) -> dict[str, str]:
        """Each word's stem; asked of the scratch index once for each word."""
        wanted = list(words)
        with self._lock:
            if len(self._known) > KNOWN:
                self._known.clear()
            if new := [word for word in dict.fromkeys(wanted) if word not in self._known]:
                self._learn(new)
            return {word: self._known[word] for word in wanted}

    def _learn(self, new: Sequence[str]) -> None:
        self._scratch.execute("BEGIN")
        self._scratch.execute("INSERT INTO scratch(scratch) VALUES('delete-all')")
        told = [(place, base(word)) for place, word in enumerate(new)]
        self._scratch.executemany("INSERT INTO scratch(rowid, text) VALUES(?, ?)", told)
        found = {doc: term for term, doc in self._scratch.execute("SELECT term, doc FROM stems").fetchall()}
        self._scratch.execute("COMMIT")
        self._known.update((word, found.get(place, word)) for place, word in enumerate(new))

    def learn(self, texts: Iterable[str]) -> None:
        """Read texts that ``covered`` will be asked about: at once, which is faster than one by one."""
        with self._lock:
            if len(self._read) > READ:
                self._read.clear()
            words = {text: _told(text) for text in map(str.strip, texts) if text not in self._read}
            stems = self.stems(chain.from_iterable(words.values()))
            self._read |= {text: frozenset(map(stems.__getitem__, said)) for text, said in words.items()}

    def covered(self, words: Sequence[str], text: str) -> list[str]:
        """Those of the words that a text has, in any form."""
        with self._lock:
            self.learn([text])
            there, stems = self._read[text.strip()], self.stems(words)
        return [word for word in words if stems[word] in there]

    def teller(self, words: Sequence[str]) -> Callable[[str], bool]:
        """What says whether a text has any of the words, in any form; faster than ``covered`` for many short texts."""
        wanted = set(self.stems(words).values())
        return lambda text: not wanted.isdisjoint(self.stems(_told(text)).values())


def _told(text: str) -> list[str]:
    words = all_words(text)
    return words + implied(text, words)
