"""Questions: a model learns which situation a user's words are about, and how sure it must be of that."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from forethought.errors import NotOffered
from forethought.models import Heard, Model
from forethought.transcript import Tokens, Transcript
from forethought.types import Question
from forethought.worlds import World, make

CHECKED, RIGHT = 200, 0.9
"""Validation questions of each world that decide how sure a model must be, and the share of those it is sure of that it
must understand rightly.
"""
NEVER = 2.0
"""How sure a model must be that cannot tell what it understands: more than anything can be."""


def asked_about(worlds: Sequence[World]) -> list[World]:
    """The worlds about which anybody asks."""
    found = []
    for world in worlds:
        try:
            world.question(0)
        except NotOffered:
            continue
        found.append(world)
    return found


def lesson(transcript: Transcript, worlds: Sequence[World], rng: Random) -> Tokens:
    """A question about a situation of one of the worlds, and the situation."""
    question = rng.choice(worlds).question(rng.getrandbits(40))
    return transcript.question(question.text) + transcript.situation(question)


def how_sure(model: Model, worlds: Sequence[str], level: int) -> float | None:
    """The confidence below which a question counts as not understood: the least at which ``RIGHT`` of the validation
    questions (in wordings that training does not have) are understood rightly. ``None`` where nobody asks.
    """
    found = asked_about([make(name, level=level, split="validation") for name in worlds])
    questions = [world.question(seed) for world in found for seed in range(CHECKED)]
    if not questions:
        return None
    heard = model.hear([question.text for question in questions])
    surest = sorted(((h.confidence, understood(h, q)) for h, q in zip(heard, questions, strict=True)), reverse=True)
    sure, right = NEVER, 0
    for many, (confidence, ok) in enumerate(surest, 1):
        right += ok
        if right >= RIGHT * many:
            sure = confidence
    return sure


def understood(heard: Heard, question: Question) -> bool:
    """Whether what was heard is exactly what the question is about."""
    return (heard.desire, heard.observation, heard.options) == (
        question.desire,
        question.observation,
        question.options,
    )
