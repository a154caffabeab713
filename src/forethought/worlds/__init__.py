"""Worlds with consequences, and how to find them by name."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from forethought.errors import BadSetting, UnknownName
from forethought.worlds.base import SPLITS, World

BUILT_IN = {
    "errand": "forethought.worlds.errand:ErrandWorld",
    "cliff": "forethought.worlds.cliff:CliffWorld",
    "street": "forethought.worlds.street:StreetWorld",
    "lab": "forethought.worlds.lab:LabWorld",
    "inbox": "forethought.worlds.inbox:InboxWorld",
    "sums": "forethought.worlds.sums:SumsWorld",
    "advice": "forethought.worlds.advice:ErrandAdvice",
    "advice-cliff": "forethought.worlds.advice:CliffAdvice",
    "advice-street": "forethought.worlds.advice:StreetAdvice",
    "advice-lab": "forethought.worlds.advice:LabAdvice",
    "advice-inbox": "forethought.worlds.advice:InboxAdvice",
}
ADAPTED = {
    "frozenlake": "forethought.integrations.frozen_lake:FrozenLakeWorld",
    "cliffwalking": "forethought.integrations.cliff_walking:CliffWalkingWorld",
    "babyai": "forethought.integrations.mini_grid:BabyAIWorld",
    "lavacrossing": "forethought.integrations.mini_grid:LavaWorld",
    "twx-cookingworld": "forethought.integrations.textworld:CookingWorld",
    "twx-twc": "forethought.integrations.textworld:CommonsenseWorld",
    "twx-coin": "forethought.integrations.textworld:CoinWorld",
    "twx-mapreader": "forethought.integrations.textworld:MapReaderWorld",
    "twx-arithmetic": "forethought.integrations.textworld:ArithmeticWorld",
    "twx-sorting": "forethought.integrations.textworld:SortingWorld",
    "twx-simonsays": "forethought.integrations.textworld:SimonSaysWorld",
    "twx-peckingorder": "forethought.integrations.textworld:PeckingOrderWorld",
    "agentdojo": "forethought.integrations.agentdojo_workspace:WorkspaceWorld",
}
"""Other people's environments, imported only when asked for; most need an optional extra."""


def world_class(name: str) -> type[World]:
    """The class of a built-in or adapted world, or your own as ``module:Class``, found from the current folder too.

    ``UnknownName`` suggests the nearest known one; ``BadSetting`` where ``module:Class`` is not a world.
    """
    if ":" in name:
        return _own(name)
    known = {**BUILT_IN, **ADAPTED}
    if name not in known:
        hint = "'forethought worlds list' lists all; your own is named module:Class."
        raise UnknownName.of("world", name, known, hint)
    module, _, attribute = known[name].partition(":")
    found: type[World] = getattr(import_module(module), attribute)
    return found


def _own(name: str) -> type[World]:
    module, _, attribute = name.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = getattr(import_module(module), attribute)
    except Exception as error:  # whatever the user's own module does when it is imported
        kind = "" if isinstance(error, (ImportError, AttributeError, ValueError)) else f"{type(error).__name__}: "
        raise BadSetting(f"world {name!r} cannot be imported: {kind}{error}; expected module:Class") from error
    finally:
        sys.path.remove(here)
    if not (isinstance(found, type) and issubclass(found, World)):
        raise BadSetting(f"{name!r} is no world; expected a class that inherits from forethought.World")
    return found


def make(name: str, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> World:
    """A world by name: ``make("errand", split="train", seed=0)``; your own by ``module:Class``."""
    return world_class(name)(level=level, split=split, seed=seed, axis=axis)


__all__ = ["ADAPTED", "BUILT_IN", "SPLITS", "World", "make", "world_class"]
