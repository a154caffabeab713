"""Worlds with consequences, and how to find them by name."""

from __future__ import annotations

from importlib import import_module

from forethought.errors import UnknownName
from forethought.worlds.base import SPLITS, World

BUILT_IN = {
    "errand": "forethought.worlds.errand:ErrandWorld",
    "cliff": "forethought.worlds.cliff:CliffWorld",
    "street": "forethought.worlds.street:StreetWorld",
}


def world_class(name: str) -> type[World]:
    """The class of a built-in world; ``UnknownName`` suggests the nearest one."""
    if name not in BUILT_IN:
        raise UnknownName.of("world", name, BUILT_IN, "'forethought worlds list' lists all.")
    module, _, cls = BUILT_IN[name].partition(":")
    found: type[World] = getattr(import_module(module), cls)
    return found


def make(name: str, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> World:
    """A world by name: ``make("errand", split="train", seed=0)``."""
    return world_class(name)(level=level, split=split, seed=seed, axis=axis)


__all__ = ["BUILT_IN", "SPLITS", "World", "make", "world_class"]
