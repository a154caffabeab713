"""What an update learns from: drawn steps, some of them in hindsight, with what leads to them and what follows."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from forethought.config import TrainConfig
from forethought.experience import Replay, SituationClass, kind_of
from forethought.models import Model
from forethought.training.distillation import Helpful, advice
from forethought.training.hindsight import Hindsight, in_hindsight
from forethought.training.latent import Unroll, later, unroll
from forethought.training.questions import Questions
from forethought.transcript import Tokens
from forethought.types import Episode
from forethought.worlds import make

LATER_EVERY = 8
"""Of so many drawn steps, one shows what may make sense later in its episode."""


@dataclass(slots=True)
class Lessons:
    """Transcripts to learn from; the first of them end with a drawn step, whose class and unroll stand beside it."""

    samples: list[Tokens] = field(default_factory=list)
    kinds: list[SituationClass] = field(default_factory=list)
    unrolls: list[Unroll] = field(default_factory=list)


class Teacher:
    """Draws lessons from the replay; everything random follows from the seed and the update's number.

    A part of them comes in pairs: a step as if what it met had been desired, and the same step as it was.
    Demonstrations are learned as they are, never in hindsight.
    """

    def __init__(self, model: Model, replay: Replay, config: TrainConfig) -> None:
        self.model, self.replay, self.config = model, replay, config
        worlds = [make(name, level=config.level, split="train") for name in config.worlds]
        self.hindsight = Hindsight({world.name: world for world in worlds})
        share = config.hindsight_share if config.arm == "developmental" else 0.0
        self.pairs = round(config.batch_steps * share / 2)
        self.helpful = Helpful(self.hindsight)
        self.asked = Questions(worlds if config.question_share else [])
        if config.question_share and not self.asked.worlds:
            warnings.warn(f"question_share decides nothing: nobody asks about {', '.join(config.worlds)}", stacklevel=2)
        self.questions = round(config.batch_steps * config.question_share) if self.asked.worlds else 0
        self.advices = round(config.batch_steps * config.distil_share) if config.arm == "developmental" else 0

    def lessons(self, update: int, interest: Mapping[SituationClass, float]) -> Lessons:
        """The lessons of an update."""
        rng = random.Random(f"{self.config.seed}/lessons/{update}")
        made, extra = Lessons(), list[Tokens]()
        for episode, index, hindsight in self._drawn(rng, update, interest):
            made.samples.append(self.model.transcript.episode(episode, index + 1))
            made.kinds.append(kind_of(episode, index))
            if self.model.latent is not None:
                transcript = self.model.transcript
                made.unrolls.append(unroll(transcript, episode, index, self.config.unroll, rng, hindsight))
                if len(made.samples) % LATER_EVERY == 1 and len(tokens := later(transcript, episode, rng)):
                    extra.append(tokens)
        made.samples += extra
        if self.advices:
            self.helpful.look(self.replay)
            drawn = [self.helpful.draw(self.replay, rng) for _ in range(self.advices)]
            made.samples += [advice(self.model.transcript, *found) for found in drawn if found]
        made.samples += [self.asked.lesson(self.model.transcript, rng) for _ in range(self.questions)]
        return made

    def _drawn(
        self, rng: random.Random, update: int, interest: Mapping[SituationClass, float]
    ) -> Iterator[tuple[Episode, int, bool]]:
        """Each lesson's episode and step, and whether it is told in hindsight."""
        paired = 0
        if self.pairs:
            self.hindsight.look(self.replay)
            while paired < self.pairs and (drawn := self.hindsight.draw(rng)):
                number, index, wish = drawn
                episode = self.replay.episode(number)
                yield in_hindsight(episode, index, wish), index, True
                yield episode, index, False
                paired += 1
        for number, index in self.replay.sample(self.config.batch_steps - 2 * paired, update, interest):
            yield self.replay.episode(number), index, False
