"""Imagination in words: every outcome is written out, so it can be read and explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from statistics import fmean

import torch

from forethought.errors import BadSetting
from forethought.models import Imagined, Model
from forethought.models.foresight import after_imagined
from forethought.planning.dynamics import NOTHING_PROPOSED, Future, Situation, distinct
from forethought.transcript import Tokens

TINY = 1e-6
LEAST_LIKELY = 12.0
"""An action that the model finds less likely than the likeliest by so many nats is not proposed."""


@dataclass(slots=True)
class _Told:
    """A transcript, and the action and outcome imagined after it, if any; ``pool`` holds the actions that made sense
    in its episode so far.
    """

    context: Tokens
    pool: tuple[str, ...] = ()
    action: str = ""
    imagined: Imagined | None = None


class TokenDynamics:
    """A model's imagination in words; outcomes of one context share its cache.

    What comes of an action is the likeliest outcome or, in worlds with chance, what ``samples`` drawn outcomes come to
    on average. A state holds the transcripts that were drawn and go on; each is continued on its own.
    """

    name = "words"

    def __init__(self, model: Model, samples: int = 1, seed: int = 0) -> None:
        if samples < 1:
            raise BadSetting(f"{samples} samples of an outcome; expected at least 1")
        self.model, self.samples = model, samples
        self.name = self.name if samples == 1 else f"{self.name} x {samples}"
        self.seed, self._generator = seed, torch.Generator(device=model.device)

    def begin(self, situations: Sequence[Situation]) -> list[list[_Told]]:
        """The transcripts themselves; draws begin anew, so that equal situations are imagined alike."""
        self._generator.manual_seed(self.seed)
        return [[_Told(s.context, distinct((*s.candidates, *s.known)))] * self.samples for s in situations]

    def imagine(self, states: Sequence[list[_Told]], actions: Sequence[Sequence[str]]) -> list[list[Future]]:
        """Verdicts of each action, with the facts in words where these come first."""
        told = [drawn for state in states for drawn in state]
        asked = [here for state, here in zip(states, actions, strict=True) for _ in state]
        found = iter(self._imagine(self._contexts(told), asked))
        futures = [[_average(each) for each in zip(*islice(found, len(state)), strict=True)] for state in states]
        for state, of_state in zip(states, futures, strict=True):
            for future in of_state:
                for reached in future.state:
                    reached.pool = state[0].pool
        return futures

    def propose(
        self, states: Sequence[list[_Told]], count: int, generator: torch.Generator | None = None
    ) -> list[tuple[str, ...]]:
        """The likeliest, as the model finds them, of what it samples and of all that made sense in the episode so far;
        to wait, where that is nothing.
        """
        told = [state[0] for state in states]
        contexts = self._contexts(told)
        sampled = self.model.propose(contexts, count, generator=generator)
        pools = [distinct((*drawn, *each.pool)) for drawn, each in zip(sampled, told, strict=True)]
        likely = self.model.preferences(contexts, pools)
        return [_likeliest(scores, pool, count) or NOTHING_PROPOSED for scores, pool in zip(likely, pools, strict=True)]

    def _imagine(self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]]) -> list[list[Future]]:
        """One outcome of each action in each context."""
        if self.samples == 1:
            imagined = self.model.judge(contexts, actions)
        else:  # what is drawn is drawn whole, wherever the verdicts stand
            imagined = self.model.imagine(contexts, actions, temperature=1.0, generator=self._generator)
        return [
            [
                Future(o.satisfied, o.failed, o.harmed, text=o.text, state=[_Told(context, (), action, o)])
                for action, o in zip(of_context, outcomes, strict=True)
            ]
            for context, of_context, outcomes in zip(contexts, actions, imagined, strict=True)
        ]

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
        if state.imagined is None:
            return state.context
        return after_imagined(self.model, state.context, state.action, state.imagined)


def _likeliest(scores: Sequence[float], actions: Sequence[str], count: int) -> tuple[str, ...]:
    ranked = sorted(zip(scores, actions, strict=True), reverse=True)[:count]
    return tuple(action for score, action in ranked if score >= ranked[0][0] - LEAST_LIKELY)


def _average(futures: Sequence[Future]) -> Future:
    """What drawn futures of one action come to, told in the words of the most frequent; those that are over are not
    gone on from, unless all are.
    """
    if len(futures) == 1:
        return futures[0]
    going = [future for future in futures if future.ongoing >= 0.5] or futures
    reach = [future.reach for future in going if future.reach is not None]
    harmed = fmean(future.harmed for future in futures)
    unharmed = max(1.0 - harmed, TINY)  # satisfied and failed are those of the draws in which nobody is harmed
    return replace(
        futures[0],
        satisfied=fmean(future.satisfied * (1.0 - future.harmed) for future in futures) / unharmed,
        failed=fmean(future.failed * (1.0 - future.harmed) for future in futures) / unharmed,
        harmed=harmed,
        cost=fmean(future.cost for future in futures),
        reach=fmean(reach) if reach else None,
        disagreement=fmean(future.disagreement for future in futures),
        text=Counter(future.text for future in futures).most_common(1)[0][0],
        state=[told for future in going for told in future.state],
    )
