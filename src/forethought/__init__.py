"""Language models that learn from the consequences of their own actions.

Everything here is imported when it is first used, so that ``import forethought`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forethought.agent import Agent
    from forethought.asking import answer
    from forethought.evaluation import evaluate
    from forethought.memory import Memory, Reader, with_memory
    from forethought.models import Model
    from forethought.planning import Gate, Planner
    from forethought.training import train
    from forethought.worlds import World, make
    from forethought.worlds.check import check_world

    __version__: str

_HOMES = {
    "Agent": "forethought.agent",
    "answer": "forethought.asking",
    "Gate": "forethought.planning",
    "Memory": "forethought.memory",
    "Model": "forethought.models",
    "Planner": "forethought.planning",
    "Reader": "forethought.memory",
    "World": "forethought.worlds",
    "check_world": "forethought.worlds.check",
    "evaluate": "forethought.evaluation",
    "make": "forethought.worlds",
    "train": "forethought.training",
    "with_memory": "forethought.memory",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        found: Any = version("forethought")
    elif name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'forethought' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted(__all__)


__all__ = [
    "Agent",
    "Gate",
    "Memory",
    "Model",
    "Planner",
    "Reader",
    "World",
    "__version__",
    "answer",
    "check_world",
    "evaluate",
    "make",
    "train",
    "with_memory",
]
