"""Imagination in words, guided by the latent dynamics: words say what comes of an action, the latent what it costs and
how unsure that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forethought.models import Model
from forethought.planning.dynamics import Future
from forethought.planning.latent import LatentDynamics
from forethought.planning.token import TokenDynamics
from forethought.transcript import Tokens


class GuidedDynamics(TokenDynamics):
    """Verdicts and facts are imagined in words; cost and disagreement are read off the latent dynamics.

    Their reach is left out: beside words it misled (errand: 39 of 40 desires met at 1.28 times the least cost with it,
    40 of 40 at 1.16 without).
    """

    name = "guided"

    def __init__(self, model: Model, samples: int = 1, seed: int = 0) -> None:
        super().__init__(model, samples, seed)
        self.latent = LatentDynamics(model)

    def _imagine(self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]]) -> list[list[Future]]:
        told = super()._imagine(contexts, actions)
        guides = self.latent.imagine(self.latent.read(contexts), actions)
        return [
            [
                replace(future, cost=guide.cost, disagreement=guide.disagreement)
                for future, guide in zip(futures, of_context, strict=True)
            ]
            for futures, of_context in zip(told, guides, strict=True)
        ]
