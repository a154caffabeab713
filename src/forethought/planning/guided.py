"""Imagination in words, guided by the latent dynamics: words say what comes of an action, the latent what it costs and
how far the desire still is.
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
    """Verdicts and facts are imagined in words; cost, reach and disagreement are read off the latent dynamics."""

    name = "guided"

    def __init__(self, model: Model, samples: int = 1, seed: int = 0) -> None:
        super().__init__(model, samples, seed)
        self.latent = LatentDynamics(model)

    def _imagine(self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]]) -> list[list[Future]]:
        told = super()._imagine(contexts, actions)
        guides = self.latent.imagine(self.latent.read(contexts), actions)
        return [
            [
                replace(future, cost=guide.cost, reach=guide.reach, disagreement=guide.disagreement)
                for future, guide in zip(futures, of_context, strict=True)
            ]
            for futures, of_context in zip(told, guides, strict=True)
        ]
