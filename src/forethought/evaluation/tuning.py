"""What a small search in validation situations found: read off the short runs that it left in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from forethought.errors import Damaged
from forethought.evaluation.comparison import MEASURED
from forethought.evaluation.results import load_results
from forethought.evaluation.shares import validation
from forethought.evaluation.statistics import BASELINES, Record

Score = Callable[[Sequence[Record]], float]


def tuning_scores(stem: Path, score: Score) -> dict[int, float]:
    """The score of each of the runs ``STEM-0``, ``STEM-1``, ... that was measured; ``Damaged`` for one not whole."""
    numbers = [path.name.removeprefix(f"{stem.name}-") for path in stem.parent.glob(f"{stem.name}-*")]
    paths = {k: stem.with_name(f"{stem.name}-{k}") / MEASURED for k in sorted(int(n) for n in numbers if n.isdigit())}
    return {k: _scored(path, score) for k, path in paths.items() if path.exists()}


def _scored(path: Path, score: Score) -> float:
    records = load_results(path)
    try:
        return score(records)
    except Damaged as error:
        raise Damaged(f"{path}: {error}") from error


def validation_score(records: Sequence[Record]) -> float:
    """What a comparison's settings are chosen by: the mean over pair probes and exact outcomes, which differ before any
    pair does.
    """
    mine = [record for record in records if record.arm not in BASELINES]
    values = [record.value for record in mine if record.metric.startswith("probe/") or record.metric == "exact"]
    return sum(values) / len(values) if values else 0.0


def last_score(records: Sequence[Record]) -> float:
    """What a grid's learning rates are chosen by: what the last model foresees of the held-out axes."""
    scores = validation(records)
    if not scores:
        raise Damaged(
            "a short run tells of no validation situations; delete its measured.json and run the command again"
        )
    return scores[-1]
