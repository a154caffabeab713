"""Which turns a question may be answered from, as SQLite is asked for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Days = tuple[int, int]
"""From when until when (excluded), in milliseconds."""


@dataclass(frozen=True, slots=True)
class Only:
    """Turns of one conversation (its number), before a turn's number, of other speakers than these, of some days."""

    conversation: int | None = None
    before: int | None = None
    without: frozenset[int] = frozenset()
    days: Days | None = None

    def clauses(self) -> tuple[list[str], list[int]]:
        """What a row of ``turns`` has to be, and the values for it."""
        told: list[str] = []
        values: list[int] = []
        if self.conversation is not None:
            told.append("turns.conversation=?")
            values.append(self.conversation)
        if self.without:
            told.append(f"turns.speaker NOT IN ({','.join('?' * len(self.without))})")
            values += self.without
        if self.days is not None:
            told.append("turns.at>=? AND turns.at<?")
            values += self.days
        return told, values

    def of_words(self) -> tuple[str, list[int]]:
        """The same as a condition on ``turn_words``, to go behind its MATCH."""
        told, values = self.clauses()
        of_turn = " AND ".join(["id=turn_words.rowid", *told])
        condition = f" AND EXISTS(SELECT 1 FROM turns WHERE {of_turn})" if told else ""
        if self.before is not None:
            return f" AND rowid<?{condition}", [self.before, *values]
        return condition, values

    def among(
        self, turns_N: NDArray[np.int64], conversations_N: NDArray[np.int64], speakers_N: NDArray[np.int64]
    ) -> NDArray[np.bool_] | None:
        """Which of N turns may be recalled, whenever they were said; None where all may."""
        tests: list[NDArray[np.bool_]] = []
        if self.conversation is not None:
            tests.append(conversations_N == self.conversation)
        if self.before is not None:
            tests.append(turns_N < self.before)
        if self.without:
            tests.append(~np.isin(speakers_N, list(self.without)))
        return np.logical_and.reduce(tests) if tests else None
