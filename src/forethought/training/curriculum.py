"""Stages: first babble (any action that makes sense), then practice (towards desires, by imagining).

The seam that a richer curriculum widens: ``next`` says how the coming spell is lived.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import torch

from forethought.config import TrainConfig
from forethought.experience import SituationClass
from forethought.models import Model
from forethought.planning import Planner, Situation, imagination
from forethought.training.live import Chooser
from forethought.types import Episode

MEMORY, LONG_MEMORY = 0.9, 0.97
MASTERED_SHARE = 0.1


class Stage(StrEnum):
    """The phases of the curriculum, in order; ``DEMONSTRATIONS`` is the imitation arm's only one."""

    BABBLE = "babble"
    PRACTICE = "practice"
    DEMONSTRATIONS = "demonstrations"


@dataclass
class Curriculum:
    """Decides the stage from the model's own committed predictions, with a latest moment as a share of the budget."""

    config: TrainConfig
    stage: Stage = Stage.BABBLE
    divergence: float = 1.0
    surprise: dict[SituationClass, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.config.arm == "imitation":
            self.stage = Stage.DEMONSTRATIONS

    def observe(self, episodes: Sequence[Episode]) -> None:
        """Takes in what was just lived: a running mean of the divergence of committed predictions."""
        told = [s.divergence.facts for e in episodes for s in e.steps if s.divergence.facts is not None]
        if told:
            self.divergence = MEMORY * self.divergence + (1 - MEMORY) * sum(told) / len(told)

    def advance(self, progress: float) -> None:
        """Enters practice when babbling is mastered, or at its latest share of the budget."""
        if self.stage is Stage.BABBLE:
            mastered = self.divergence < self.config.practice_divergence
            if mastered or progress >= self.config.practice_after:
                self.stage = Stage.PRACTICE

    def heed(self, kinds: Sequence[SituationClass], nats: Sequence[float]) -> None:
        """Takes in how much the outcomes just learned from surprised: a running mean for each class."""
        for kind, value in zip(kinds, nats, strict=True):
            self.surprise[kind] = LONG_MEMORY * self.surprise.get(kind, value) + (1 - LONG_MEMORY) * value

    def interest(self) -> dict[SituationClass, float]:
        """The share that each class of outcome keeps in replay: it shrinks with its surprise, down to a tenth.

        No class ever gets more than its equal share, so an outcome of pure chance cannot draw the learner in.
        """
        limit = self.config.mastered_nats
        if not limit:
            return {}
        return {kind: max(MASTERED_SHARE, min(1.0, nats / limit)) for kind, nats in self.surprise.items()}

    def practises(self, rng: random.Random) -> bool:
        """Whether the coming spell acts towards desires; otherwise it babbles on."""
        return self.stage is Stage.PRACTICE and rng.random() < self.config.practice_share

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        surprise = [[list(kind), nats] for kind, nats in self.surprise.items()]
        return {"stage": self.stage.value, "divergence": self.divergence, "surprise": surprise}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up where a checkpoint left."""
        self.stage, self.divergence = Stage(state["stage"]), float(state["divergence"])
        self.surprise = {tuple(kind): nats for kind, nats in state["surprise"]}


def practice(model: Model, planner: Planner, rng: random.Random, stray: float = 0.25) -> Chooser:
    """Acts towards the desire by imagined consequences; with probability ``stray`` tries something else instead."""
    generator = torch.Generator().manual_seed(rng.getrandbits(62))
    dynamics = imagination(model)

    def choose(situations: Sequence[Situation], chance: random.Random) -> list[str]:
        with torch.inference_mode():
            found = planner.options(dynamics, situations, generator)
        return [chance.choice(options).action if chance.random() < stray else options[0].action for options in found]

    return choose
