"""Imagination in words: every outcome is written out, so it can be read and explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from forethought.models import Imagined, Model
from forethought.planning.dynamics import NOTHING_PROPOSED, Future, Situation, distinct
from forethought.transcript import Tokens
from forethought.types import Step


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
        return self._imagine(self._contexts(states), actions)

    def _imagine(self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]]) -> list[list[Future]]:
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
        return [distinct(actions) or NOTHING_PROPOSED for actions in proposed]

    def _contexts(self, states: Sequence[_Told]) -> list[Tokens]:
        """The transcripts as they would go on; what has only verdicts so far is put into words first."""
        wordless: dict[int, list[_Told]] = {}  # by transcript, so that each is read once for all of its actions
        for state in states:
            if state.imagined is not None and not state.imagined.text:
                wordless.setdefault(id(state.context), []).append(state)
        if wordless:
            contexts = [here[0].context for here in wordless.values()]
            told = self.model.imagine(contexts, [[state.action for state in here] for here in wordless.values()])
            for here, outcomes in zip(wordless.values(), told, strict=True):
                for state, outcome in zip(here, outcomes, strict=True):
                    state.imagined = outcome
        return [self._went_on(state) for state in states]

    def _went_on(self, state: _Told) -> Tokens:
        outcome = state.imagined
        if outcome is None:
            return state.context
        step = Step(state.action, outcome.text, outcome.text, outcome.progress, outcome.harm)
        return state.context + self.model.transcript.action(state.action) + self.model.transcript.outcome(step)
