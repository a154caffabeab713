"""The words of the project as records: facts, verdicts, divergence, step, episode."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

Fact = tuple[str, ...]
"""One thing that is true: its kind, then its particulars, e.g. ``("thing at", "car", "home")``."""

NOTHING = "Nothing changes."
"""The outcome, told as a change, of an action that changes nothing."""
UNREADABLE = "unreadable"
"""Kind of the fact that stands for a sentence no wording of the world explains (always counted as wrong)."""


class Progress(StrEnum):
    """How the episode stands towards its desire after a step."""

    ONGOING = "ongoing"
    SATISFIED = "satisfied"
    FAILED = "failed"


class Harm(StrEnum):
    """Whether a step had an irreversible consequence that the desire did not ask for."""

    NONE = "none"
    HARMED = "harmed"


class Ending(StrEnum):
    """Why an episode ended."""

    SATISFIED = "satisfied"
    FAILED = "failed"
    HARMED = "harmed"
    TIME_LIMIT = "time limit"
    HELD = "held"
    WORLD_ERROR = "world error"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Divergence:
    """Prediction against outcome, as separate numbers; ``None`` where a channel was not measured.

    ``nll``: teacher-forced nats per outcome token. ``facts``: 1 - F1 of changed facts read from the prediction.
    ``latent``: distance of predicted and actual latent.
    """

    nll: float | None = None
    facts: float | None = None
    latent: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One act-predict-observe record.

    ``prediction`` is what the model committed to before the world stepped (``None`` where it did not commit);
    ``change`` is the outcome as a difference and ``outcome`` the whole observation after the action. A ``warning``
    is text that the action did not cause, and never a training target. ``cost`` counts what the step used up,
    by unit.
    """

    action: str
    change: str
    outcome: str
    progress: Progress = Progress.ONGOING
    harm: Harm = Harm.NONE
    warning: str = ""
    prediction: str | None = None
    divergence: Divergence = field(default_factory=Divergence)
    cost: tuple[tuple[str, float], ...] = ()

    @property
    def spent(self) -> float:
        """What the step used up, summed over the units."""
        return sum((amount for _, amount in self.cost), 0.0)


@dataclass(frozen=True, slots=True)
class Question:
    """What a user asks, and the situation that it is about, as a world would tell it.

    ``options`` are the actions that the question names, and ``right`` are those of them by which the desire can be met
    at the least cost: for evaluation alone.
    """

    text: str
    desire: str
    observation: str
    options: tuple[str, ...]
    right: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Episode:
    """A desire and its steps, from the first observation on; ``failure`` says what a world raised that broke off."""

    world: str
    level: int
    split: str
    seed: int
    desire: str
    observation: str
    steps: tuple[Step, ...] = ()
    ending: Ending = Ending.UNFINISHED
    policy: str = ""
    axis: str = ""
    failure: str = ""
