"""Imagination in words: every outcome is written out, so it can be read and explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from forethought.models import Imagined, Model
from forethought.planning.dynamics import Future, Situation
from forethought.transcript import Tokens
from forethought.types import Step

NOTHING_PROPOSED = ("wait",)


@dataclass(slots=True)
class _Told:
    """A transcript, and the action and outcome imagined after it, if any."""

    context: Tokens
    action: str = ""
    imagined: Imagined | None = None


class TokenDynamics:
    """A model's imagination in words; outcomes of one context share its cache."""

    name = "words"

    def __init__(self, model: Model) -> None:
        self.model = model

    def begin(self, situations: Sequence[Situation]) -> list[_Told]:
        """The transcripts themselves."""
        return [_Told(situation.context) for situation in situations]

    def imagine(self, states: Sequence[_Told], actions: Sequence[Sequence[str]]) -> list[list[Future]]:
        """Verdicts of each action, with the facts in words where these come first."""
        contexts = self._contexts(states)
        imagined = self.model.judge(contexts, actions)
        return [
            [
                Future(o.satisfied, o.failed, o.harmed, text=o.text, state=_Told(context, action, o))
                for action, o in zip(of_context, outcomes, strict=True)
            ]
            for context, of_context, outcomes in zip(contexts, actions, imagined, strict=True)
        ]

    def propose(
        self, states: Sequence[_Told], count: int, generator: torch.Generator | None = None
    ) -> list[tuple[str, ...]]:
        """What the model samples; to wait, where that is nothing."""
        proposed = self.model.propose(self._contexts(states), count, generator=generator)
        return [tuple(dict.fromkeys(a for a in actions if a)) or NOTHING_PROPOSED for actions in proposed]

    def _contexts(self, states: Sequence[_Told]) -> list[Tokens]:
        """The transcripts as they would go on; what has only verdicts so far is put into words first."""
        wordless = [s for s in states if s.imagined is not None and not s.imagined.text]
        if wordless:
            told = self.model.imagine([s.context for s in wordless], [[s.action] for s in wordless])
            for state, (outcome,) in zip(wordless, told, strict=True):
                state.imagined = replace(outcome, satisfied=outcome.satisfied)
        return [self._went_on(state) for state in states]

    def _went_on(self, state: _Told) -> Tokens:
        outcome = state.imagined
        if outcome is None:
            return state.context
        step = Step(state.action, outcome.text, outcome.text, outcome.progress, outcome.harm)
        return state.context + self.model.transcript.action(state.action) + self.model.transcript.outcome(step)
