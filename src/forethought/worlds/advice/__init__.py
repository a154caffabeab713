"""Advice: any built-in world as a conversation, for a language model's own reasoning rather than for a body."""

from forethought.worlds.advice.world import AdviceWorld, Talk, advice
from forethought.worlds.cliff import CliffWorld
from forethought.worlds.errand import ErrandWorld
from forethought.worlds.inbox import InboxWorld
from forethought.worlds.lab import LabWorld
from forethought.worlds.street import StreetWorld

ErrandAdvice = advice(ErrandWorld, "advice")
CliffAdvice, StreetAdvice = advice(CliffWorld), advice(StreetWorld)
LabAdvice, InboxAdvice = advice(LabWorld), advice(InboxWorld)

__all__ = [
    "AdviceWorld",
    "CliffAdvice",
    "ErrandAdvice",
    "InboxAdvice",
    "LabAdvice",
    "StreetAdvice",
    "Talk",
    "advice",
]
