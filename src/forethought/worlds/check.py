"""Checks a world against the protocol, for its author: everything that is wrong is reported at once."""

from __future__ import annotations

from collections.abc import Callable

from forethought.worlds.base import World
from forethought.worlds.contract import CHECKS
from forethought.worlds.trial import Finding, Found, Report, Severity, Trial


def check_world(world_or_factory: World | Callable[[], World], *, episodes: int = 20, seed: int = 0) -> Report:
    """Plays ``episodes`` episodes and checks everything that the protocol promises; nothing a world does is raised.

    Give a world, or better something that makes one (a class, a function): then replays run in a fresh world too.
    """
    found, name = Found(), str(world_or_factory)
    with found.boundary("making the world"):
        world, again = _made(world_or_factory), _made(world_or_factory)
        if not isinstance(world, World) or not isinstance(again, World):
            fix = "subclass World: it is a gymnasium.Env with a constructor and optional extras"
            found.error("protocol", f"a {type(world).__name__}", "a forethought.worlds.World", fix)
            return found.report(type(world).__name__, ())
        name, trial = world.name, Trial(world, again, range(seed, seed + max(1, episodes)), found)
        for check in CHECKS:
            with found.boundary(title(check)):
                check(trial)
    return found.report(name, tuple(map(title, CHECKS)))


def _made(world_or_factory: World | Callable[[], World]) -> object:
    return world_or_factory() if callable(world_or_factory) else world_or_factory


def title(check: Callable[[Trial], None]) -> str:
    """The name of a check as a report says it."""
    return check.__name__.replace("_", " ")


__all__ = ["Finding", "Report", "Severity", "check_world"]
