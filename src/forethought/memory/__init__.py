"""Reconstructive memory: conversations of any length kept word for word, and rebuilt where a question needs them."""

from __future__ import annotations

from forethought.memory.memory import Found, Memory
from forethought.memory.passage import Line, Passage
from forethought.memory.transfer import Salvaged
from forethought.memory.turns import Said, Turn
from forethought.memory.upkeep import Stats

__all__ = ["Found", "Line", "Memory", "Passage", "Said", "Salvaged", "Stats", "Turn"]
