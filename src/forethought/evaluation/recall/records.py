"""Rows of the recall suite as records with intervals, and what the targets ask of them.

A record's ``world`` is "recall" and the reader's name ("recall retrieval": finding alone), its ``axis`` the length in
tokens. Intervals are bootstraps over questions; what compares arms is paired by question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forethought.evaluation.recall.arms import RECALLED
from forethought.evaluation.recall.retrieval import EVIDENCE
from forethought.evaluation.recall.suite import NO_READER
from forethought.evaluation.statistics import LEVEL, RESAMPLES, Interval, Record, bootstrap

Row = dict[str, Any]
FOUND = (*EVIDENCE, "passage")
RAG = ("bm25", "dense", "rag")
ORACLE, OURS, TWO_HOP = "oracle", "ours", "two-hop"
SIGNAL = "signal_abstention"
"""What the memory advises by ``Passage.abstain``; "abstention" alone is what a reader answers."""


def records(rows: Sequence[Row], stored: Iterable[Row] = (), split: str = "test") -> list[Record]:
    """Every record of a run's rows; ``stored`` are the cells that tell what keeping took."""
    groups: dict[tuple[str, int], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups[row["reader"], row["length"]][row["arm"]].append(row)
    found: list[Record] = []
    for (reader, length), arms in groups.items():
        for arm, mine in arms.items():
            put = _Put(found, arm, reader, split, str(length))
            finding(put, mine) if reader == NO_READER else reading(put, mine)
            if reader != NO_READER and arm in RECALLED:
                against(put, arms, arm)
    for length, cells in _by_length(stored).items():
        keeping(_Put(found, OURS, NO_READER, split, str(length)), cells)
    return found


class _Put:
    """Adds records of one arm, reader and length."""

    def __init__(self, found: list[Record], arm: str, reader: str, split: str, axis: str) -> None:
        self._found, self._about = found, (arm, f"recall {reader}", split, axis)

    def mean(self, metric: str, values: Sequence[float]) -> None:
        """A mean over questions; nothing where there are none."""
        if values:
            self.told(metric, bootstrap(values), len(values))

    def told(self, metric: str, interval: Interval, n: int) -> None:
        """A number with its interval."""
        self._found.append(Record(*self._about, metric, *interval, n))

    def quantiles(self, metric: str, values: Sequence[float]) -> None:
        """The median and the 95th percentile."""
        for share in (0.5, 0.95):
            if values:
                told = resampled([values], partial(_quantile, share))
                self.told(metric.format(f"p{100 * share:.0f}"), told, len(values))


def finding(put: _Put, rows: Sequence[Row]) -> None:
    """Evidence among the first turns, of all questions and of each task; the memory's abstention; milliseconds."""
    asked = [row for row in rows if FOUND[0] in row]
    for metric in FOUND:
        put.mean(metric, [row[metric] for row in asked])
        for task in dict.fromkeys(row["task"] for row in asked):
            put.mean(f"{metric}/{task}", [row[metric] for row in asked if row["task"] == task])
    for name, kind in (("told plainly", False), ("told as a reply", True)):
        put.mean(
            f"passage/{name}", [row["passage"] for row in asked if row["reply"] is kind and row["task"] != TWO_HOP]
        )
    for told in signal([(row["answerable"], row["abstains"]) for row in rows if "abstains" in row]):
        put.told(*told)
    put.quantiles("find_{}_milliseconds", [row["ms"] for row in rows])


def signal(asked: Sequence[tuple[bool, bool]]) -> Iterator[tuple[str, Interval, int]]:
    """What ``Passage.abstain`` is worth, of questions by whether they are answerable and held back: of what was held
    back, the share that is unanswerable (precision); of the unanswerable, the share held back (recall); the mean of
    that and of the share of the answerable that were not (balanced accuracy). Each only where there is something to
    divide by.
    """
    held = [float(not answerable) for answerable, abstains in asked if abstains]
    unanswerable = [float(abstains) for answerable, abstains in asked if not answerable]
    for name, values in (("precision", held), ("recall", unanswerable)):
        if values:
            yield f"{SIGNAL}_{name}", bootstrap(values), len(values)
    if 0 < len(unanswerable) < len(asked):
        columns = [[float(one) for one in column] for column in zip(*asked, strict=True)]
        yield f"{SIGNAL}_balanced_accuracy", resampled(columns, _balanced), len(asked)


def reading(put: _Put, rows: Sequence[Row]) -> None:
    """Exact match of all, of each task and of each depth; abstention; tokens; milliseconds."""
    put.mean("exact_match", [row["right"] for row in rows])
    put.mean("answer_contained", [row["contained"] for row in rows])
    for name in ("task", "depth"):
        for value in dict.fromkeys(row[name] for row in rows):
            put.mean(f"exact_match/{name} {value}", [row["right"] for row in rows if row[name] == value])
    put.mean("abstention_precision", [float(not row["answerable"]) for row in rows if row["abstains"]])
    put.mean("abstention_recall", [float(row["abstains"]) for row in rows if not row["answerable"]])
    put.mean("tokens", [row["tokens"] for row in rows])
    put.quantiles("answer_{}_milliseconds", [row["answer_ms"] for row in rows])


def against(put: _Put, groups: dict[str, list[Row]], arm: str) -> None:
    """An arm that reads what memory gives back, of one reader and length: as a share of the oracle, minus the best of
    the other ways to find, and minus ours.
    """
    right = {each: _right(rows) for each, rows in groups.items()}
    mine, oracle = right[arm], right.get(ORACLE, {})
    if common := sorted(set(mine) & set(oracle)):
        pair = [mine[key] for key in common], [oracle[key] for key in common]
        if any(pair[1]):
            put.told("of_oracle_ratio", resampled(pair, _ratio), len(common))
    if others := [right[other] for other in RAG if other in right]:
        best = max(others, key=lambda each: sum(each.values()) / len(each))
        put.mean("exact_match_minus_best_rag", _differences(mine, best))
    if arm != OURS and OURS in right:
        put.mean("exact_match_minus_ours", _differences(mine, right[OURS]))


def keeping(put: _Put, cells: Sequence[Row]) -> None:
    """Milliseconds of durable single appends, and bytes per turn and per byte of text; the index is counted apart."""
    put.quantiles("append_{}_milliseconds", [ms for cell in cells for ms in cell["append_ms"]])
    totals = {name: sum(cell[name] for cell in cells) for name in cells[0] if name != "append_ms"}
    kept = totals["text_bytes"] + totals["turn_bytes"]
    for metric, value in (
        ("bytes_per_turn", kept / totals["turns"]),
        ("index_bytes_per_turn", totals["index_bytes"] / totals["turns"]),
        ("kept_ratio", kept / totals["raw_bytes"]),
    ):
        put.told(metric, Interval(value, value, value), totals["turns"])


def resampled(
    values: Sequence[Sequence[float]], of: Callable[[list[NDArray[Any]]], NDArray[Any]], seed: int = 0
) -> Interval:
    """A number of one or several paired columns, with its percentile bootstrap interval."""
    columns = [np.asarray(column, dtype=np.float64) for column in values]
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(columns[0]), (RESAMPLES // 2, len(columns[0])))
    low, high = np.nanquantile(of([column[drawn] for column in columns]), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(of([column[None] for column in columns])[0]), float(low), float(high))


def _quantile(share: float, draw: list[NDArray[Any]]) -> NDArray[Any]:
    return np.asarray(np.quantile(draw[0], share, axis=-1))


def _ratio(draw: list[NDArray[Any]]) -> NDArray[Any]:
    below = draw[1].mean(-1)
    ratio: NDArray[Any] = draw[0].mean(-1) / np.where(below > 0, below, np.nan)
    return ratio


def _balanced(draw: list[NDArray[Any]]) -> NDArray[Any]:
    """Of draws that lack either kind of question there is none."""
    answerable, abstains = draw
    given = _ratio([answerable * (1 - abstains), answerable])
    balanced: NDArray[Any] = (given + _ratio([(1 - answerable) * abstains, 1 - answerable])) / 2
    return balanced


def _right(rows: Iterable[Row]) -> dict[Any, float]:
    return {tuple(row["place"]): row["right"] for row in rows}


def _differences(one: dict[Any, float], other: dict[Any, float]) -> list[float]:
    return [one[key] - other[key] for key in sorted(set(one) & set(other))]


def _by_length(stored: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for cell in stored:
        if "stored" in cell:
            found[cell["length"]].append(cell["stored"])
    return found
