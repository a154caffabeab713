"""Self-chosen desires: what happened to be met once is set as the goal, if it is met about as often as not.

Practice at the edge of competence (Baranes and Oudeyer 2013, arXiv:1301.4862; Florensa et al. 2018, arXiv:1705.06366):
a goal that is always met teaches nothing any more, and one that is never met nothing yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from forethought.training.hindsight import wishes_met
from forethought.types import Ending, Episode, Progress
from forethought.worlds import World
from forethought.worlds.reading import wish_met
from forethought.worlds.vector import StepResult

FURTHEST = 6
"""Desires that took more steps than this, when they were met by chance, count as one kind."""
MEMORY = 0.9
"""Of how often desires of a kind were met, each time one is tried."""
LEAST = 0.05
"""How much a kind is chosen that is always or never met, where one that is met half of the time counts 1/4."""

Kind = tuple[str, int]
"""A world, and how many steps away a desire was when it was met by chance."""


@dataclass
class Competence:
    """How often desires of each kind are met when they are tried; what was never tried counts as half known."""

    met: dict[Kind, float] = field(default_factory=dict)

    def tried(self, kind: Kind, met: bool) -> None:
        """Takes in one more try."""
        self.met[kind] = MEMORY * self.met.get(kind, 0.5) + (1 - MEMORY) * met

    def interest(self, kind: Kind) -> float:
        """Most where a desire is met as often as not."""
        often = self.met.get(kind, 0.5)
        return LEAST + often * (1 - often)

    def choose(self, world: World, episode: Episode, rng: Random) -> tuple[str, Kind] | None:
        """One of the desires that an aimless episode happened to meet, with its kind; ``None`` where it met none."""
        wishes = [
            (wish, (world.name, min(index + 1, FURTHEST)))
            for index, wish in enumerate(wishes_met(world, episode))
            if wish is not None and wish != episode.desire
        ]
        if not wishes:
            return None
        (chosen,) = rng.choices(wishes, [self.interest(kind) for _, kind in wishes])
        return chosen

    def heed(self, kinds: Sequence[Kind | None], episodes: Sequence[Episode]) -> None:
        """Takes in how episodes with chosen desires ended (``None``: the desire was the world's own)."""
        for kind, episode in zip(kinds, episodes, strict=True):
            if kind is not None and episode.ending is not Ending.WORLD_ERROR:
                self.tried(kind, episode.ending is Ending.SATISFIED)


def towards(world: World, desire: str | None, result: StepResult) -> StepResult:
    """A step's result as it stands to a chosen desire (``None``: the world's own): met where the world says
    that this would have been the desire that is met now. An end that only the world's own desire knows is an end
    without a verdict.
    """
    if desire is None or result.error is not None or result.warning:
        return result
    met = wish_met(world, result.observation) == desire
    progress = Progress.SATISFIED if met else Progress.ONGOING
    return replace(result, progress=progress, terminated=met or result.terminated)
