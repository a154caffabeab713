"""Stages: first babble (any action that makes sense), then practice (towards desires, by imagining).

The seam that a richer curriculum widens: ``next`` says how the coming spell is lived.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from typing import Any

import torch

from forethought.config import TrainConfig
from forethought.experience import SituationClass
from forethought.models import Model
from forethought.planning import Planner, Situation, imagination
from forethought.training.arms import Source, way_of
from forethought.training.desires import Competence
from forethought.training.live import Chooser
from forethought.types import Episode

MEMORY, LONG_MEMORY = 0.9, 0.97
QUICK, SLOW = 0.98, 0.993
"""Memories of the two means whose distance is learning progress."""
LEAST_SHARE = 0.1
"""What is least interesting keeps this part of the share of the most interesting."""
NOTICED = 0.1
"""Progress of fewer nats than this is hardly worth the difference."""
NEW = 30
"""A class that was heeded less often than this is new: what surprises in it may yet be learned."""


class Stage(StrEnum):
    """The phases of the curriculum, in order; who does not live through own actions stays in another one."""

    BABBLE = "babble"
    PRACTICE = "practice"
    DEMONSTRATIONS = "demonstrations"
    CORPUS = "corpus"
    POLICY = "policy"


STEADY = {Source.CUSTOM: Stage.DEMONSTRATIONS, Source.POLICY: Stage.POLICY}
"""The only stage of who learns from such a source; of any other it is ``Stage.CORPUS``."""


@dataclass(slots=True)
class Acquaintance:
    """How much the outcomes of one class have surprised: running means of nats, recent ones and two to compare."""

    recent: float = 0.0
    quick: float = 0.0
    slow: float = 0.0
    variance: float = 0.0
    times: int = 0

    def heed(self, nats: float) -> None:
        """Takes in one more outcome; the first ones count in full."""
        self.times += 1
        recent, quick, slow = (max(1 - memory, 1 / self.times) for memory in (LONG_MEMORY, QUICK, SLOW))
        self.variance += slow * ((nats - self.slow) ** 2 - self.variance) if self.times > 1 else 0.0
        self.recent += recent * (nats - self.recent)
        self.quick += quick * (nats - self.quick)
        self.slow += slow * (nats - self.slow)

    @property
    def progress(self) -> float:
        """How far the means have come apart, beyond what chance does to them: for better (learning) or worse
        (forgetting). What is new counts with all its surprise.
        """
        if self.times < NEW:
            return self.slow
        chance = math.sqrt(self.variance * (1 - QUICK) / (1 + QUICK))
        return max(0.0, abs(self.slow - self.quick) - 2 * chance)


@dataclass
class Curriculum:
    """Decides the stage from the model's own committed predictions, with a latest moment as a share of the budget."""

    config: TrainConfig
    stage: Stage = Stage.BABBLE
    divergence: float = 1.0
    understood: float = 0.0
    gap: float | None = None
    known: dict[SituationClass, Acquaintance] = field(default_factory=dict)
    competence: Competence = field(default_factory=Competence)

    def __post_init__(self) -> None:
        way = way_of(self.config.arm)
        if way.first or not way.own:
            self.stage = STEADY.get(way.first or way.lives[-1], Stage.CORPUS)

    def observe(self, episodes: Sequence[Episode]) -> None:
        """Takes in what was just lived: a running mean of the divergence of committed predictions."""
        told = [s.divergence.facts for e in episodes for s in e.steps if s.divergence.facts is not None]
        if told:
            self.divergence = MEMORY * self.divergence + (1 - MEMORY) * sum(told) / len(told)

    def examine(self, understood: float | None, gap: float | None) -> None:
        """Takes in an exam: the share of probe pairs that are right, and how much worse the outcomes of other actions
        fit (``None`` without latent dynamics).
        """
        self.understood, self.gap = understood or 0.0, gap

    def advance(self, progress: float) -> None:
        """Enters practice when babbling is mastered, or at its latest share of the budget; who begins otherwise babbles
        from the share on that its arm says.
        """
        way = way_of(self.config.arm)
        if way.first and self.stage is Stage.DEMONSTRATIONS and progress >= way.until:
            self.stage = Stage.BABBLE
        if self.stage is Stage.BABBLE and (self._mastered() or progress >= self.config.practice_after):
            self.stage = Stage.PRACTICE

    def _mastered(self) -> bool:
        """Committed predictions hardly diverge, or an exam is passed and the latent dynamics heed the action."""
        passed = self.config.exam_updates > 0 and self.understood >= self.config.practice_probes
        heeds = self.gap is None or self.gap >= self.config.practice_gap
        return self.divergence < self.config.practice_divergence or (passed and heeds)

    def heed(self, kinds: Sequence[SituationClass], nats: Sequence[float]) -> None:
        """Takes in how much the outcomes just learned from surprised."""
        for kind, value in zip(kinds, nats, strict=True):
            self.known.setdefault(kind, Acquaintance()).heed(value)

    def interest(self) -> dict[SituationClass, float]:
        """The share that each class of outcome keeps in replay, from a tenth to the whole of an equal share.

        ``mastery``: it shrinks with surprise. An outcome of pure chance keeps its equal share, but no more, unless
        ``largest_share`` allows that: in worlds without chance what surprises most needs most.
        ``progress``: it follows learning progress, so that what is mastered and what is pure chance both lose theirs
        (Oudeyer, Kaplan and Hafner 2007). ``surprise``: it follows raw error, which stares at chance; an ablation.
        """
        how, largest = self.config.curiosity, 1.0
        if how == "none" or (how == "mastery" and not self.config.mastered_nats):
            return {}
        if how == "mastery":
            largest = self.config.largest_share
            found = {kind: known.recent / self.config.mastered_nats for kind, known in self.known.items()}
        else:
            found = {kind: known.recent if how == "surprise" else known.progress for kind, known in self.known.items()}
            most = max([NOTICED, *found.values()])
            found = {kind: value / most for kind, value in found.items()}
        return {kind: max(LEAST_SHARE, min(largest, value)) for kind, value in found.items()}

    def interest_in(self, world: str) -> dict[str, float]:
        """How interesting each verb of a world is: as its most interesting class of outcome."""
        found: dict[str, float] = {}
        for (of, verb, *_), share in self.interest().items():
            if of == world:
                found[verb] = max(share, found.get(verb, 0.0))
        return found

    def practises(self, rng: random.Random) -> bool:
        """Whether the coming spell acts towards desires; otherwise it babbles on."""
        return self.stage is Stage.PRACTICE and rng.random() < self.config.practice_share

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        known = [[list(kind), astuple(found)] for kind, found in self.known.items()]
        return {
            "stage": self.stage.value,
            "divergence": self.divergence,
            "understood": self.understood,
            "gap": self.gap,
            "known": known,
            "competence": [[*kind, often] for kind, often in self.competence.met.items()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up where a checkpoint left."""
        self.stage, self.divergence = Stage(state["stage"]), float(state["divergence"])
        self.understood, self.gap = float(state.get("understood", 0.0)), state.get("gap")
        self.known = {tuple(kind): Acquaintance(*found) for kind, found in state["known"]}
        self.competence.met = {(world, steps): often for world, steps, often in state.get("competence", ())}


def practice(model: Model, planner: Planner, rng: random.Random, stray: float = 0.25) -> Chooser:
    """Acts towards the desire by imagined consequences; with probability ``stray`` tries something else instead."""
    generator = torch.Generator().manual_seed(rng.getrandbits(62))
    dynamics = imagination(model)

    def choose(situations: Sequence[Situation], chance: random.Random) -> list[str]:
        with torch.inference_mode():
            found = planner.options(dynamics, situations, generator)
        return [chance.choice(options).action if chance.random() < stray else options[0].action for options in found]

    return choose
