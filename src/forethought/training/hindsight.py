"""Hindsight: what was reached is a desire that would have been met (Andrychowicz et al. 2017, arXiv:1707.01495).

Random behaviour seldom meets the desire it was given, but always reaches something. The same steps under two desires,
one met and one not, are what teaches a model to compare an outcome with the desire and look at nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from forethought.experience import Replay
from forethought.types import Episode, Harm, Progress
from forethought.worlds import World
from forethought.worlds.reading import wish_met


def wishes_met(world: World, episode: Episode) -> list[str | None]:
    """For each step, the desire that it would have met had that been the desire, where training may ask for it.

    ``None`` where that was met before, once somebody was harmed, after a warning, and in worlds that cannot say what
    was met (no ``read`` or no ``desire_for``).
    """
    found: list[str | None] = []
    before = {wish_met(world, episode.observation)}
    for step in episode.steps:
        if step.harm is not Harm.NONE:
            break
        wish = None if step.warning else wish_met(world, step.outcome)
        found.append(None if wish in before else wish)
        before.add(wish)
    return found + [None] * (len(episode.steps) - len(found))


def in_hindsight(episode: Episode, last: int, wish: str) -> Episode:
    """The episode up to step ``last`` as if ``wish``, which that step meets, had been desired from the start."""
    told = [replace(step, progress=Progress.ONGOING) for step in episode.steps[:last]]
    return replace(episode, desire=wish, steps=(*told, replace(episode.steps[last], progress=Progress.SATISFIED)))


class Hindsight:
    """The steps of a replay that met what was not desired, world by world."""

    def __init__(self, worlds: Mapping[str, World]) -> None:
        self.worlds = worlds
        self._looked_at = 0
        self._met: dict[str, list[tuple[int, int, str]]] = {}

    def look(self, replay: Replay) -> None:
        """Takes in the episodes that are new in the replay."""
        for number in range(self._looked_at, replay.episodes):
            episode = replay.episode(number)
            for index, wish in enumerate(wishes_met(self.worlds[episode.world], episode)):
                if wish is not None and episode.steps[index].progress is not Progress.SATISFIED:
                    self._met.setdefault(episode.world, []).append((number, index, wish))
        self._looked_at = replay.episodes

    def draw(self, rng: Random) -> tuple[int, int, str] | None:
        """An episode's number, a step and the desire it would have met: from any world alike; ``None`` if none did."""
        return rng.choice(self._met[rng.choice(list(self._met))]) if self._met else None
