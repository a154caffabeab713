"""Words as the index sees them: their stems, irregular forms joined."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence

from forethought.memory.irregular import base
from forethought.memory.words import all_words

KNOWN = 100_000
"""Stems that are remembered."""


class Words:
    """Words as the index sees them, stemmed, by a scratch index in memory; several threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scratch = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._scratch.execute(
            "CREATE VIRTUAL TABLE scratch USING fts5(text, tokenize='porter unicode61 remove_diacritics 2')"
        )
        self._scratch.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(scratch, instance)")
        self._known: dict[str, str] = {}

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
        self._scratch.execute("DELETE FROM scratch")
        told = [(place, base(word)) for place, word in enumerate(new)]
        self._scratch.executemany("INSERT INTO scratch(rowid, text) VALUES(?, ?)", told)
        found = {doc: term for term, doc in self._scratch.execute("SELECT term, doc FROM stems").fetchall()}
        self._scratch.execute("COMMIT")
        self._known.update((word, found.get(place, word)) for place, word in enumerate(new))

    def covered(self, words: Sequence[str], text: str) -> list[str]:
        """Those of the words that a text has, in any form."""
        stems = self.stems(words)
        there = set(self.stems(all_words(text)).values())
        return [word for word in words if stems[word] in there]
