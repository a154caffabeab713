"""Reconstructive memory: conversations of any length kept word for word, and rebuilt where a question needs them.

What reads with a language model (``Reader``, ``Chat``, ``with_memory``) is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from forethought.memory.memory import Found, Memory
from forethought.memory.passage import Line, Passage
from forethought.memory.salvage import Salvaged
from forethought.memory.turns import Said, Turn
from forethought.memory.upkeep import Stats

if TYPE_CHECKING:
    from forethought.memory.chat import Chat
    from forethought.memory.reader import Reader, Reading
    from forethought.memory.wrap import with_memory

_LATER = {"Chat": "chat", "Reader": "reader", "Reading": "reader", "with_memory": "wrap"}


def __getattr__(name: str) -> Any:
    """What needs torch, when it is first asked for (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module 'forethought.memory' has no attribute {name!r}")
    return getattr(import_module(f"forethought.memory.{_LATER[name]}"), name)


__all__ = [
    "Chat",
    "Found",
    "Line",
    "Memory",
    "Passage",
    "Reader",
    "Reading",
    "Said",
    "Salvaged",
    "Stats",
    "Turn",
    "with_memory",
]
