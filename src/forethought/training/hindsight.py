"""Hindsight: what was reached is a desire that would have been met (Andrychowicz et al. 2017, arXiv:1707.01495).

Random behaviour seldom meets the desire it was given, but always reaches something. The same facts under two desires,
one met and one not, are what teaches a model to compare an outcome with the desire.
"""

from __future__ import annotations

from dataclasses import replace

from forethought.errors import NotOffered
from forethought.types import Episode, Harm, Progress
from forethought.worlds import World


def in_hindsight(world: World, episode: Episode, last: int) -> Episode | None:
    """The episode up to step ``last`` as if what it reached there, and not before, had been desired from the start.

    ``None`` where that is nothing that training may ask for, where somebody was harmed on the way, and in worlds that
    cannot say what was met (no ``read`` or no ``desire_for``).
    """
    steps = episode.steps[: last + 1]
    if steps[last].warning or any(step.harm is not Harm.NONE for step in steps):
        return None
    try:
        met = [None if step.warning else world.desire_for(world.read(step.outcome)) for step in steps]
    except NotOffered:
        return None
    wish = met[last]
    if wish is None or wish in met[:last] or wish == world.desire_for(world.read(episode.observation)):
        return None
    told = [replace(step, progress=Progress.ONGOING) for step in steps[:last]]
    return replace(episode, desire=wish, steps=(*told, replace(steps[last], progress=Progress.SATISFIED)))
