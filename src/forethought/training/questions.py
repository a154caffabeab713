"""Questions: a model learns which situation a user's words are about, and how sure it must be of that."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from forethought.errors import NotOffered
from forethought.models import Heard, Model
from forethought.transcript import Tokens, Transcript
from forethought.types import Question
from forethought.worlds import World, make

CHECKED, UNSURE = 200, 0.05
"""Validation questions of each world that decide how sure a model must be, and the share of those understood rightly
that are given up for it.
"""


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
    """The confidence below which a question counts as not understood: of validation questions (in wordings that
    training does not have) that are understood rightly, all but the least certain reach it. ``None`` where nobody asks.
    """
    found = asked_about([make(name, level=level, split="validation") for name in worlds])
    questions = [world.question(seed) for world in found for seed in range(CHECKED)]
    if not questions:
        return None
    heard = model.hear([question.text for question in questions])
    right = sorted(h.confidence for h, q in zip(heard, questions, strict=True) if understood(h, q))
    return right[int(UNSURE * len(right))] if right else 1.0


def understood(heard: Heard, question: Question) -> bool:
    """Whether what was heard is exactly what the question is about."""
    return (heard.desire, heard.observation, heard.options) == (
        question.desire,
        question.observation,
        question.options,
    )
