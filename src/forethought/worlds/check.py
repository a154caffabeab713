"""Checks a world against the protocol, for its author: everything that is wrong is reported at once."""

from __future__ import annotations

import math
from collections.abc import Callable

from forethought.worlds import limits
from forethought.worlds.base import World
from forethought.worlds.contract import CHECKS
from forethought.worlds.limits import within
from forethought.worlds.trial import MAKING, Finding, Found, Report, Severity, Trial

HURRY = 2.0
"""Seconds that a whole check gets in a world that has hung once."""


def check_world(world_or_factory: World | Callable[[], World], *, episodes: int = 20, seed: int = 0) -> Report:
    """Plays ``episodes`` episodes and checks everything that the protocol promises; nothing a world does is raised.

    Give a world, or better something that makes one (a class, a function): then replays run in a fresh world too.
    A call that hangs is ended (``worlds.limits``); from then on each check has ``HURRY`` seconds in all.
    """
    found, name = Found(), str(world_or_factory)
    limits.watch()
    with found.boundary(MAKING):
        world, again = (within(limits.RESET_SECONDS, _made, world_or_factory) for _ in range(2))
        if not isinstance(world, World) or not isinstance(again, World):
            fix = "subclass World: it is a gymnasium.Env with a constructor and optional extras"
            found.error("protocol", f"a {type(world).__name__}", "a forethought.worlds.World", fix)
            return found.report(type(world).__name__, ())
        name, trial = world.name, Trial(world, again, range(seed, seed + max(1, episodes)), found)
        if "_sealed" not in vars(world):
            fix = "call super().__init__(level=level, split=split, seed=seed, axis=axis) first"
            found.error("protocol", "an __init__ that leaves out World's own", "a World that is set up", fix)
            return found.report(name, ())
        for check in CHECKS:
            with found.boundary(title(check)):
                within(HURRY if found.hung else math.inf, check, trial)
    return found.report(name, tuple(map(title, CHECKS)))


def _made(world_or_factory: World | Callable[[], World]) -> object:
    return world_or_factory() if callable(world_or_factory) else world_or_factory


def title(check: Callable[[Trial], None]) -> str:
    """The name of a check as a report says it."""
    return check.__name__.replace("_", " ")


__all__ = ["Finding", "Report", "Severity", "check_world"]
