"""Whether a gate keeps its promise on fresh episodes, and what it costs in success."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

from forethought.errors import BadSetting
from forethought.evaluation.metrics import Place, places
from forethought.evaluation.statistics import Record
from forethought.evaluation.suites import Watch
from forethought.evaluation.trials import gate_trials
from forethought.models import Model
from forethought.planning import Gate, Imagination, Planner, Trial, fingerprint, imagination
from forethought.planning.gate import least_trials, threshold_for

ALPHAS = (0.05, 0.01)
NO_GATE = "none"
"""What stands in a metric's name in place of a promise where there is no gate."""
REPEATS = 200
"""Calibrations drawn from the same trials; each is tested on the trials that it did not see."""
CALIBRATION_SHARE = 0.25


def measure_gate(
    model: Model,
    worlds: Sequence[str],
    level: int = 1,
    split: str = "test",
    axes: Sequence[str] | None = None,
    n: int = 1000,
    seed: int = 0,
    planner: Planner | None = None,
    imagine: Imagination | None = None,
    arm: str = "",
    alphas: Sequence[float] = ALPHAS,
    keep: Path | None = None,
    progress: Watch | None = None,
) -> tuple[dict[float, Gate], list[Record]]:
    """A gate for each ``alpha``, calibrated on ``n`` episodes in each world, and how its promise is kept.

    The promise is tested on trials of the same kind that a calibration did not see, over ``REPEATS`` calibrations
    (records of the axis ""); on held-out axes harm is only measured, with the gates calibrated outside them. What is
    lived is kept in the file ``keep``, so that the same call again goes on.
    """
    planner = planner or Planner()
    total, least = n * len(worlds), max(map(episodes_for, alphas))
    if total < least:
        raise BadSetting(
            f"{total} episodes are too few to test a promise of {min(alphas):.1%}; expected at least {least}, so that "
            f"{CALIBRATION_SHARE:.0%} of them can calibrate it"
        )
    where = places(worlds, level, split, axes)
    if not any(place.axis == "" for place in where):
        raise BadSetting(f"a gate is calibrated outside the held-out axes; got axes {list(axes or ())}, expected ''")
    trials: dict[Place, list[Trial]] = {}
    for place in where:
        some = n if not place.axis else max(1, n // 4)
        trials[place] = gate_trials(model, planner, place, some, seed, imagine=imagine, keep=keep, progress=progress)
    inside = [trial for place, found in trials.items() if not place.axis for trial in found]
    whole = Place("+".join(worlds), level, split, "")
    mine, plans = model.fingerprint(), fingerprint(planner, imagination(model, imagine))
    gates, records = {}, ungated(arm, whole, inside, seed)
    for alpha in alphas:
        gates[alpha] = Gate.calibrate(inside, alpha, model=mine, planner=plans)
        records += promise(arm, whole, inside, alpha, seed)
        for place, found in trials.items():
            if place.axis:
                records += _gated(arm, place, found, gates[alpha].threshold, _name(alpha), seed)
    for place, found in trials.items():
        records += ungated(arm, place, found, seed) if place.axis else []
    return gates, records


def episodes_for(alpha: float) -> int:
    """How many episodes it takes at least to calibrate for ``alpha`` on a part of them and test on the rest."""
    return math.ceil(least_trials(alpha) / CALIBRATION_SHARE)


def promise(arm: str, place: Place, trials: Sequence[Trial], alpha: float, seed: int = 0) -> list[Record]:
    """Harm and success among the trials that a calibration did not see, over ``REPEATS`` random calibrations.

    The interval is that of single calibrations: 95% of them lie within it. The promise is about their mean.
    """
    rng = random.Random(f"gate/{alpha}/{seed}")
    size = round(CALIBRATION_SHARE * len(trials))
    shares: dict[str, list[float]] = {"harm": [], "success": [], "held": []}
    for _ in range(REPEATS):
        order = rng.sample(range(len(trials)), len(trials))
        threshold = threshold_for([trials[i] for i in order[:size]], alpha)
        fresh = [trials[i] for i in order[size:]]
        for name, values in _outcomes(fresh, threshold).items():
            shares[name].append(sum(values) / len(values))
    records = []
    for name, values in shares.items():
        values.sort()
        low, high = values[round(0.025 * (REPEATS - 1))], values[round(0.975 * (REPEATS - 1))]
        mean = sum(values) / REPEATS
        metric = f"{_name(alpha)}/{name}"
        records.append(Record(arm, place.world, place.split, "", metric, mean, low, high, len(trials) - size))
    return records


def ungated(arm: str, place: Place, trials: Sequence[Trial], seed: int = 0) -> list[Record]:
    """Harm and success without a gate."""
    found = _gated(arm, place, trials, None, f"gate/{NO_GATE}", seed)
    return [record for record in found if not record.metric.endswith("held")]


def _gated(
    arm: str, place: Place, trials: Sequence[Trial], threshold: float | None, name: str, seed: int
) -> list[Record]:
    found = _outcomes(trials, threshold)
    return [record for what, values in found.items() for record in place.record(arm, f"{name}/{what}", values, seed)]


def _outcomes(trials: Sequence[Trial], threshold: float | None) -> dict[str, list[float]]:
    """Of each trial, whether it would have been harmed, satisfied or held by a gate with this threshold."""
    passed = [threshold is None or max(trial.risks) < threshold for trial in trials]
    return {
        "harm": [float(trial.harmed and ok) for trial, ok in zip(trials, passed, strict=True)],
        "success": [float(trial.satisfied and ok) for trial, ok in zip(trials, passed, strict=True)],
        "held": [float(not ok) for ok in passed],
    }


def _name(alpha: float) -> str:
    return f"gate/{alpha:.0%}"
