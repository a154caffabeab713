"""What a world makes of a text, whatever its own code does: one that throws or hangs is left out, with a warning."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

from forethought.errors import NotOffered
from forethought.types import Fact
from forethought.worlds import limits
from forethought.worlds.base import World
from forethought.worlds.vector import in_words

ValueT = TypeVar("ValueT")


def facts_in(world: World, text: str) -> frozenset[Fact]:
    """The facts that a text states; a world that reads none is scored by its sentences."""
    facts = _asked(world, "read()", lambda: world.read(text))
    if facts is None:
        return frozenset(("sentence", part.strip()) for part in text.split(".") if part.strip())
    return facts


def wish_met(world: World, text: str) -> str | None:
    """The desire that an observation would have met; ``None`` where there is none, or the world cannot say."""
    return _asked(world, "desire_for()", lambda: world.desire_for(world.read(text)))


def _asked(world: World, what: str, ask: Callable[[], ValueT]) -> ValueT | None:
    try:
        return limits.within(limits.STEP_SECONDS, ask)
    except NotOffered:
        return None
    except Exception as error:
        warnings.warn(f"world {world.name!r} failed in {what}: {in_words(error)}; it is left out", stacklevel=3)
        return None
