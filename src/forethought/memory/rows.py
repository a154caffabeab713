"""The turns that a search meets, and what their neighbours, speakers and times do to their scores."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeGuard

from forethought.memory.moments import within
from forethought.memory.only import Days, Only
from forethought.memory.turns import Turn
from forethought.memory.words import Question

BEFORE, AFTER, SPEAKER, TIME = 0.3, 0.2, 1.5, 1.5
APART = timedelta(hours=6) // timedelta(milliseconds=1)
"""Turns further apart than this are no neighbours."""

Row = tuple[int, int, int, int | None]
"""A turn's number, conversation, speaker and time."""
Scores = dict[int, float]
Get = Callable[[Sequence[int]], dict[int, Turn]]
"""Reads turns by their numbers."""


class Rows:
    """Who, when and where of the turns that a search meets, each read once."""

    def __init__(self, connection: sqlite3.Connection, only: Only, get: Get) -> None:
        self._connection, self.only, self._get = connection, only, get
        self.told: dict[int, Turn] = {}
        self._rows: dict[int, Row | None] = {}
        self.previous: dict[int, int] = {}
        self.following: dict[int, int] = {}

    def speaker(self, turn: int) -> int:
        """Who spoke, by number; -1 where the turn was not met."""
        row = self._rows.get(turn)
        return row[2] if row else -1

    def at(self, turn: int) -> int | None:
        """When, in milliseconds."""
        row = self._rows.get(turn)
        return row[3] if row else None

    def around(self, found: Scores) -> Scores:
        """Scores that neighbours share in, of turns of the wanted conversation."""
        self._read({near for turn in found for near in (turn - 1, turn, turn + 1)})
        scores: Scores = {}
        for turn, score in found.items():
            row = self._rows.get(turn)
            if not self._wanted(row):
                continue
            scores[turn] = scores.get(turn, 0.0) + score
            before, after = self._neighbour(row, -1), self._neighbour(row, 1)
            if before is not None:
                self.previous[turn], self.following[before] = before, turn
                scores[before] = scores.get(before, 0.0) + AFTER * score
            if after is not None:
                self.previous[after], self.following[turn] = turn, after
                scores[after] = scores.get(after, 0.0) + BEFORE * score
        return scores

    def met(self, found: Scores) -> Scores:
        """The scores of found turns themselves."""
        return {turn: found[turn] for turn in self.among(list(found))}

    def preferred(self, scores: Scores, asked: Question, days: Days | None) -> Scores:
        """Scores with what the question says of who and when."""
        if not asked.speakers and days is None:
            return scores
        preferred = {}
        for turn, score in scores.items():
            if self.speaker(turn) in asked.speakers:
                score *= SPEAKER if score > 0 else 1
            if within(self.at(turn), days):
                score *= TIME
            preferred[turn] = score
        return preferred

    def turns(self, numbers: Iterable[int]) -> dict[int, Turn]:
        """The turns with these numbers, word for word; those that are not there are left out."""
        wanted = list(dict.fromkeys(numbers))
        self.told |= self._get([number for number in wanted if number not in self.told])
        return {number: self.told[number] for number in wanted if number in self.told}

    def next(self, turns: Iterable[int]) -> list[int]:
        """The turns just after some."""
        return [self.following[turn] for turn in turns if turn in self.following]

    def among(self, turns: Sequence[int]) -> list[int]:
        """Those of some turns that may be recalled."""
        self._read(turns)
        return [turn for turn in turns if self._wanted(self._rows[turn])]

    def _wanted(self, row: Row | None) -> TypeGuard[Row]:
        return row is not None and (self.only.conversation is None or row[1] == self.only.conversation)

    def _read(self, turns: Iterable[int]) -> None:
        new = [turn for turn in turns if turn not in self._rows]
        self._rows.update(dict.fromkeys(new))
        for start in range(0, len(new), 900):
            some = new[start : start + 900]
            marks = ",".join("?" * len(some))
            sql = f"SELECT id, conversation, speaker, at FROM turns WHERE id IN ({marks})"
            for row in self._connection.execute(sql, some).fetchall():
                if (self.only.before is None or row[0] < self.only.before) and row[2] not in self.only.without:
                    self._rows[row[0]] = row

    def _neighbour(self, row: Row, step: int) -> int | None:
        """The turn just before or after in the same conversation, unless much time lies between."""
        near = self._rows.get(row[0] + step)
        if near is None or near[1] != row[1]:
            which, way = ("max", "<") if step < 0 else ("min", ">")
            sql = f"SELECT {which}(id) FROM turns WHERE conversation=? AND id{way}?"
            number = self._connection.execute(sql, (row[1], row[0])).fetchone()[0]
            if number is None:
                return None
            self._read([number])
            near = self._rows[number]
        if near is None or (near[3] is not None and row[3] is not None and abs(near[3] - row[3]) > APART):
            return None
        return near[0]
