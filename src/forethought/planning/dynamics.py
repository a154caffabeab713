"""What a planner asks of whatever imagines: begin somewhere, imagine actions, propose more of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from forethought.transcript import Tokens
from forethought.types import NOTHING

NOTHING_PROPOSED = ("wait",)


def distinct(actions: Iterable[str]) -> tuple[str, ...]:
    """The actions that say something, each once."""
    return tuple(dict.fromkeys(action for action in actions if action))


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when an action is due: the transcript so far, the actions that make sense (maybe none), those
    that were tried before in this episode, and those that made sense before in it.
    """

    context: Tokens
    candidates: tuple[str, ...]
    tried: frozenset[str] = frozenset()
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Future:
    """What is imagined to come of one action.

    ``satisfied``, ``failed`` and ``harmed`` are probabilities; ``cost`` is what the action uses up (0 where that is
    not imagined); ``reach`` is the discounted chance of meeting the desire from there (``None`` where unknown);
    ``disagreement`` is how much an ensemble differs (0 for a single one); ``text`` says it in words where there are
    any. ``state`` is for the dynamics alone, to go on from.
    """

    satisfied: float
    failed: float
    harmed: float
    cost: float = 0.0
    reach: float | None = None
    disagreement: float = 0.0
    text: str = ""
    state: Any = field(default=None, repr=False, compare=False)

    @property
    def idle(self) -> bool:
        """Whether the action is imagined to change nothing, so that what follows is what could be done without it."""
        return self.text == NOTHING

    @property
    def ongoing(self) -> float:
        """The probability that the episode goes on unharmed."""
        return max(0.0, 1.0 - self.satisfied - self.failed) * (1.0 - self.harmed)


class Dynamics(Protocol):
    """Imagination as a planner sees it. States are opaque; those of one ``begin`` are imagined together."""

    name: str

    def begin(self, situations: Sequence[Situation]) -> list[Any]:
        """The state that each situation is in."""

    def imagine(self, states: Sequence[Any], actions: Sequence[Sequence[str]]) -> list[list[Future]]:
        """For each state, what comes of each of its actions."""

    def propose(
        self, states: Sequence[Any], count: int, generator: torch.Generator | None = None
    ) -> list[tuple[str, ...]]:
        """Up to ``count`` different actions for each state, by the model's own prior over what is possible there."""
