"""What an update learns from: drawn steps, some of them in hindsight, with what leads to them and what follows."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from forethought.config import TrainConfig
from forethought.experience import Replay, SituationClass, kind_of
from forethought.models import Model
from forethought.training.hindsight import in_hindsight
from forethought.training.latent import Unroll, later, unroll
from forethought.transcript import Tokens
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

    Demonstrations are learned as they are, never in hindsight.
    """

    def __init__(self, model: Model, replay: Replay, config: TrainConfig) -> None:
        self.model, self.replay, self.config = model, replay, config
        self.hindsight_share = config.hindsight_share if config.arm == "developmental" else 0.0
        self.readers = {name: make(name, level=config.level, split="train") for name in config.worlds}

    def lessons(self, update: int, interest: Mapping[SituationClass, float]) -> Lessons:
        """The lessons of an update."""
        rng = random.Random(f"{self.config.seed}/lessons/{update}")
        latent, transcript = self.model.latent is not None, self.model.transcript
        made, extra = Lessons(), list[Tokens]()
        for i, (number, index) in enumerate(self.replay.sample(self.config.batch_steps, update, interest)):
            episode, hindsight = self.replay.episode(number), False
            if rng.random() < self.hindsight_share:
                wished = in_hindsight(self.readers[episode.world], episode, index)
                episode, hindsight = wished or episode, wished is not None
            made.samples.append(transcript.episode(episode, index + 1))
            made.kinds.append(kind_of(episode, index))
            if latent:
                made.unrolls.append(unroll(transcript, episode, index, self.config.unroll, rng, hindsight))
                if i % LATER_EVERY == 0 and len(tokens := later(transcript, episode, rng)):
                    extra.append(tokens)
        made.samples += extra
        return made
