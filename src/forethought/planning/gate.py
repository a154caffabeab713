"""Act, hold or ask: a threshold on imagined risk, calibrated so that harm stays as rare as was promised.

The promise (conformal risk control: Angelopoulos, Bates, Fisch, Lei and Schuster 2022, arXiv:2208.02814) is about whole
episodes: of those exchangeable with the calibration episodes, at most a share ``alpha`` is harmed, on average over
calibrations. It says nothing about other worlds, splits or held-out axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self

from forethought import storage
from forethought.errors import BadSetting, Damaged, NotCalibrated
from forethought.planning.dynamics import Dynamics, Future
from forethought.planning.search import Option, Planner

GATE_FILE = "gate.json"
CERTAIN = 0.5
"""From this imagined probability of harm on, a gate holds; below it, it is in doubt and asks."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An episode lived without a gate: the imagined risk of each step that was taken, and how it ended."""

    risks: tuple[float, ...]
    harmed: bool
    satisfied: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What a gate makes of the best option, and why."""

    kind: Literal["act", "hold", "ask"]
    risk: float
    reason: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets a step pass while its risk stays below ``threshold`` (``None``: always).

    Risk is the imagined probability of harm plus ``doubt`` times the ensemble's disagreement. ``episodes`` were lived
    for the calibration, ``harmed`` of them ended in harm. ``model`` and ``planner`` are the fingerprints of what it was
    calibrated for.
    """

    alpha: float
    threshold: float | None
    doubt: float
    episodes: int
    harmed: int
    model: str
    planner: str

    @classmethod
    def calibrate(cls, trials: Sequence[Trial], alpha: float, *, model: str, planner: str, doubt: float = 1.0) -> Self:
        """The most permissive gate that keeps the promise; ``trials`` were lived without one, with this ``doubt``."""
        harmed = sum(trial.harmed for trial in trials)
        return cls(alpha, threshold_for(trials, alpha), doubt, len(trials), harmed, model, planner)

    def risk(self, future: Future) -> float:
        """The risk of what is imagined."""
        return risk_of(future, self.doubt)

    def decide(self, options: Sequence[Option]) -> Decision:
        """Whether to take the best option."""
        future = options[0].imagined
        risk = self.risk(future)
        if self.threshold is None or risk < self.threshold:
            return Decision("act", risk, f"risk {risk:.3f} is allowed")
        limit = f"risk {risk:.3f} is not below {self.threshold:.3f}"
        if future.harmed >= CERTAIN:
            return Decision("hold", risk, f"{limit}: harm is imagined with probability {future.harmed:.2f}")
        return Decision("ask", risk, f"{limit}: harm {future.harmed:.2f}, disagreement {future.disagreement:.2f}")

    def check(self, model: str, planner: str) -> None:
        """``NotCalibrated`` if it was calibrated for another model or planner than these."""
        for name, mine, theirs in (("model", self.model, model), ("planner", self.planner, planner)):
            if mine != theirs:
                raise NotCalibrated(
                    f"this gate was calibrated for {name} {mine!r}, not {theirs!r}; calibrate it again "
                    "(forethought eval gate)"
                )

    def save(self, path: str | Path) -> None:
        """Writes it as JSON, usually to ``gate.json`` beside a run's model."""
        storage.write_json(path, asdict(self))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads ``gate.json`` (or the one in a folder); ``NotCalibrated`` if there is none, ``Damaged`` if it is not
        one.
        """
        path = Path(path)
        path = path / GATE_FILE if path.is_dir() else path
        if not path.exists():
            raise NotCalibrated(f"there is no {path}; calibrate a gate first (forethought eval gate)")
        found: Any = storage.read_json(path)
        names = {field.name for field in fields(cls)}
        if not isinstance(found, dict) or set(found) != names:
            raise Damaged(f"{path} is not a gate; expected an object with {', '.join(sorted(names))}")
        return cls(**found)


def risk_of(future: Future, doubt: float = 1.0) -> float:
    """The imagined probability of harm plus ``doubt`` times the disagreement."""
    return future.harmed + doubt * future.disagreement


def threshold_for(trials: Sequence[Trial], alpha: float) -> float | None:
    """The largest risk bound under which conformal risk control promises ``alpha``; ``None`` where all may pass.

    A harmed trial would still be harmed if all its risks were below the bound. With n trials, as many of them may
    remain as (remaining + 1) / (n + 1) <= alpha allows; ``BadSetting`` where n is too small for even none.
    """
    least = least_trials(alpha)
    remaining = math.floor(alpha * (len(trials) + 1) + 1e-9) - 1
    if remaining < 0:
        raise BadSetting(
            f"{len(trials)} calibration episodes cannot promise harm in at most {alpha:.1%}; expected at least {least}"
        )
    bounds = sorted(max(trial.risks) for trial in trials if trial.harmed)
    return bounds[remaining] if remaining < len(bounds) else None


def least_trials(alpha: float) -> int:
    """How many trials it takes to promise ``alpha`` at all; ``BadSetting`` if that is no share."""
    if not 0.0 < alpha < 1.0:
        raise BadSetting(f"alpha is {alpha}; expected a share between 0 and 1")
    return math.ceil(1 / alpha) - 1


def fingerprint(planner: Planner, dynamics: Dynamics) -> str:
    """A planner's settings and what it imagines with, in a line."""
    settings = (f"{name}={value}" for name, value in asdict(planner).items() if value is not None)
    return " ".join([dynamics.name, *settings])
