"""What a question is about: the situation that a model makes of it, and how sure it is of that."""

from __future__ import annotations

from dataclasses import dataclass

from forethought.transcript import PART

LONGEST = 160
"""Tokens of a situation at most."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The situation that a question is taken to be about; ``confidence`` is the probability of its least certain word.

    Empty where what the model made of the question is no situation.
    """

    desire: str
    observation: str
    options: tuple[str, ...]
    confidence: float


def heard(text: str, confidence: float) -> Heard:
    """A situation as it was told (desire, observation, options), taken apart."""
    desire, *rest = [part.strip() for part in text.split(PART.strip())]
    observation, *options = rest or [""]
    if not (desire and observation and options and all(options)):
        return Heard("", "", (), 0.0)
    return Heard(desire, observation, tuple(dict.fromkeys(options)), confidence)
