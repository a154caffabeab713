"""Asking a model for outcomes in batches, and reading what it says; a world is asked for nothing but its grammar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from forethought.models.model import Imagined, Model
from forethought.transcript import Tokens
from forethought.types import Step
from forethought.worlds import World
from forethought.worlds.probes import ProbePair
from forethought.worlds.reading import facts_in

ROWS = 64
"""Outcomes imagined at once: measured on one core, 64 take 10 ms each, 16 take 14 and 256 take 17 (cache misses)."""


class Posed(Protocol):
    """Anything that asks for the outcome of a step: a transition, or one side of a probe pair."""

    @property
    def desire(self) -> str:
        """The desire of the episode."""

    @property
    def observation(self) -> str:
        """The first observation."""

    @property
    def history(self) -> tuple[Step, ...]:
        """What was lived through since."""

    @property
    def step(self) -> Step:
        """The step whose outcome is asked for."""


def context_of(model: Model, question: Posed) -> Tokens:
    """The transcript up to where the action that is asked about is due."""
    return model.transcript.so_far(question.desire, question.observation, question.history)


def imagine_each(model: Model, contexts: Sequence[Tokens], actions: Sequence[str]) -> list[Imagined]:
    """The outcome imagined of one action in each context, at most ``ROWS`` at once and of similar length together."""
    model.lm.eval()
    order = sorted(range(len(contexts)), key=lambda i: len(contexts[i]))
    found: dict[int, Imagined] = {}
    for start in range(0, len(order), ROWS):
        part = order[start : start + ROWS]
        with torch.inference_mode():
            imagined = model.imagine([contexts[i] for i in part], [[actions[i]] for i in part])
        found.update({i: outcome for i, (outcome,) in zip(part, imagined, strict=True)})
    return [found[i] for i in range(len(contexts))]


def predict(model: Model, questions: Sequence[Posed]) -> list[Imagined]:
    """The model's answer to each question."""
    contexts = [context_of(model, question) for question in questions]
    return imagine_each(model, contexts, [question.step.action for question in questions])


def judged(model: Model, world: World, pairs: Sequence[ProbePair]) -> list[tuple[bool, bool]]:
    """Whether the model gets each side of each pair right."""
    imagined = predict(model, [side for pair in pairs for side in (pair.left, pair.right)])
    facts = [facts_in(world, outcome.text) for outcome in imagined]
    return [pair.judge(facts[2 * i], facts[2 * i + 1]) for i, pair in enumerate(pairs)]


def after_imagined(model: Model, context: Tokens, action: str, outcome: Imagined) -> Tokens:
    """The transcript as it would go on if the imagined outcome of ``action`` happened."""
    step = Step(action, outcome.text, outcome.text, outcome.progress, outcome.harm)
    return context + model.transcript.action(action) + model.transcript.outcome(step)
