"""Worked examples as plain data: what a model imagined, what really happened, and the difference sentence by sentence.

Everything here is frozen text and numbers; ``dataclasses.asdict`` makes it JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from forethought.types import Harm, Progress


class Mark(StrEnum):
    """How one sentence of a prediction compares with what happened."""

    RIGHT = "right"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence and its mark; ``MISSING`` ones happened and were not imagined."""

    sentence: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One action: what the model imagined of it, what it really caused, and the difference.

    ``satisfied``, ``failed`` and ``harmed`` are the model's probabilities; ``difference`` has the imagined sentences in
    the model's order, then the missing ones. ``right``: the facts and both verdicts are.
    """

    action: str
    imagined: str
    satisfied: float
    failed: float
    harmed: float
    imagined_progress: Progress
    imagined_harm: Harm
    happened: str
    progress: Progress
    harm: Harm
    difference: tuple[Marked, ...]
    right: bool


@dataclass(frozen=True, slots=True)
class Lived:
    """A step that lies behind: the action and what it changed."""

    action: str
    change: str


@dataclass(frozen=True, slots=True)
class Way:
    """A sequence of actions thought through to its end, each step upon the imagined outcomes before it.

    ``promise``: the imagined probability that it ends with the desire satisfied and no harm; ``works``: whether it
    really does.
    """

    name: str
    steps: tuple[Foreseen, ...]
    promise: float
    works: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A situation with several ways, e.g. walking and driving to the car wash 300 feet away.

    ``chosen`` is the name of the way that the model's imagination prefers, ``best`` the one that is right.
    ``right_reason``: besides, what travels along is imagined as it is on both ways.
    """

    title: str
    desire: str
    observation: str
    ways: tuple[Way, ...]
    chosen: str
    best: str
    right_reason: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One side of a probe pair: the situation, what was lived through, and the step that is asked about."""

    desire: str
    observation: str
    history: tuple[Lived, ...]
    foreseen: Foreseen
    right: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A minimal pair of a probe with the model's answer to each of its two ``sides``; ``right`` only if both are."""

    world: str
    split: str
    axis: str
    probe: str
    sides: tuple[Asked, Asked]
    right: bool
