"""Exams: what a model understands at a moment of its training, asked in validation situations that are always the same.

They decide when a stage is mastered, and show what is forgotten later. Test situations are for reports alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import torch

from forethought.models import Model
from forethought.models.foresight import judged
from forethought.transcript import Role, Tokens
from forethought.worlds import make
from forethought.worlds.lawful import LawfulWorld
from forethought.worlds.vector import VectorWorld

PAIRS, TEXTS = 16, 16
"""Minimal pairs of each probe, and situations of each world whose plain language is read."""


class Exams:
    """Probes and plain language of worlds at a level, from their validation split."""

    def __init__(self, model: Model, worlds: Sequence[str], level: int) -> None:
        self.model = model
        self.worlds = [make(name, level=level, split="validation") for name in worlds]
        self.probes = [
            (f"{world.name}/{name}", world, [world.probe(name, seed) for seed in range(PAIRS)])
            for world in self.worlds
            if isinstance(world, LawfulWorld)
            for name in world.probes
        ]

    def sit(self) -> dict[str, float]:
        """The share of each probe's pairs with both sides right, and the nats per token of the worlds' language."""
        self.model.lm.eval()
        found = {name: fmean(map(all, judged(self.model, world, pairs))) for name, world, pairs in self.probes}
        with torch.inference_mode():
            return {**found, "language": self._language()}

    def _language(self) -> float:
        texts = []
        for world in self.worlds:
            vector = VectorWorld([world])
            starts = [vector.reset(0, seed) for seed in range(TEXTS)]
            texts += [self.model.transcript.opening(s.desire, s.observation) for s in starts if s.error is None]
        nats = [self._nats(text) for text in texts]
        return sum(total for total, _ in nats) / max(1, sum(count for _, count in nats))

    def _nats(self, text: Tokens) -> tuple[float, int]:
        ids_T = torch.tensor(text.ids, device=self.model.device)
        logs_TV = self.model.lm(input_ids=ids_T[None], use_cache=False).logits[0, :-1].float().log_softmax(-1)
        asked_T = torch.tensor([role in (Role.DESIRE, Role.OBSERVATION) for role in text.roles[1:]])
        nats_T = -logs_TV.gather(1, ids_T[1:, None]).flatten()[asked_T]
        return float(nats_T.sum()), len(nats_T)


def share_right(results: dict[str, float]) -> float | None:
    """The mean over the probes of an exam; ``None`` in worlds without any."""
    shares = [value for name, value in results.items() if "/" in name]
    return sum(shares) / len(shares) if shares else None
