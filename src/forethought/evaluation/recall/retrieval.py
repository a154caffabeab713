"""The usual ways to find turns, to compare with: BM25, sentence vectors, and both fused by reciprocal rank."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forethought.memory.embed import Embedder
from forethought.memory.words import indexed, match, words_of

TOGETHER = 65_536
"""Texts that are embedded at once: an embedder holds several copies of what it makes."""
Scorer = Callable[[str], NDArray[Any]]
"""A score for each text, larger is better."""
Order = Callable[[str], Sequence[int]]
"""Places of texts, best first, for a question."""
FUSED = 60
"""The usual constant of reciprocal rank fusion (Cormack et al. 2009)."""
FOUND = 1000
"""Turns that BM25 gives a score; all others have none."""


def fts5(texts: Sequence[str], most: int = FOUND) -> Scorer:
    """BM25 as SQLite's FTS5 has it, with Porter stems, and without the question's stop words."""
    table = sqlite3.connect(":memory:")
    table.execute("CREATE VIRTUAL TABLE turns USING fts5(text, tokenize='porter unicode61')")
    table.executemany("INSERT INTO turns(rowid, text) VALUES(?, ?)", enumerate(map(indexed, texts)))
    sql = f"SELECT rowid, rank FROM turns WHERE turns MATCH ? ORDER BY rank LIMIT {int(most)}"

    def score(question: str) -> NDArray[Any]:
        scores = np.zeros(len(texts))
        words = words_of(question) or [question]
        for place, rank in table.execute(sql, (match(words),)):
            scores[place] = -rank
        return scores

    return score


def cosine(embedder: Embedder, texts: Sequence[str], questions: Sequence[str] = ()) -> Scorer:
    """Cosine with the vector of each turn; ``questions`` that are known beforehand are embedded at once."""
    parts = [embedder.embed(texts[start : start + TOGETHER]) for start in range(0, len(texts), TOGETHER)]
    turns = np.concatenate(parts or [embedder.embed(texts)])
    asked = dict(zip(questions, embedder.embed(questions), strict=True)) if questions else {}
    return lambda question: turns @ (asked[question] if question in asked else embedder.embed([question])[0])


def by(score: Scorer) -> Order:
    """Best first."""
    return lambda question: np.argsort(-score(question), kind="stable").tolist()


def reciprocal(one: Scorer, other: Scorer, constant: int = FUSED) -> Order:
    """Reciprocal rank fusion."""

    def order(question: str) -> Sequence[int]:
        ranks = [np.argsort(np.argsort(-s(question), kind="stable"), kind="stable") for s in (one, other)]
        fused: list[int] = np.argsort(-sum(1 / (constant + 1 + rank) for rank in ranks), kind="stable").tolist()
        return fused

    return order


def fitted(lines: Sequence[str], best: Iterable[int], budget: int, count: Callable[[str], int]) -> list[int]:
    """Places of lines, in the order given until the budget is used up, in the order in which they were said."""
    chosen, left = [], budget
    for place in best:
        left -= count(f"{lines[place]}\n")
        if left < 0:
            break
        chosen.append(place)
    return sorted(chosen)


EVIDENCE = ("any@5", "all@5", "any@10", "all@10")
"""What ``evidence_found`` tells, by name."""


def evidence_found(order: Sequence[int], evidence: frozenset[int]) -> tuple[float, float, float, float]:
    """``EVIDENCE`` of one question: whether any, or all, evidence is among the first turns."""
    five, ten = set(order[:5]), set(order[:10])
    return float(bool(evidence & five)), float(evidence <= five), float(bool(evidence & ten)), float(evidence <= ten)
