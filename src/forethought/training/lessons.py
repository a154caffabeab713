"""What an update learns from: drawn steps, some of them in hindsight, with what leads to them and what follows."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from forethought.config import TrainConfig
from forethought.experience import Replay, SituationClass, kind_of
from forethought.models import Model
from forethought.training.arms import Source, Twist, way_of
from forethought.training.distillation import Helpful, advice
from forethought.training.hindsight import Hindsight, in_hindsight
from forethought.training.latent import Unroll, later, unroll
from forethought.training.questions import Questions
from forethought.training.reasoning import reasoned
from forethought.training.twists import twisted
from forethought.transcript import Role, Tokens
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
    """Remembers what was lived and draws lessons from it; everything random follows from the seed and the update.

    Each source of the arm has a replay of its own and an equal part of the draws. Where the arm lives through its own
    actions, a part of them comes in pairs: a step as if what it met had been desired, and the same step as it was.
    Demonstrations are learned as they are, never in hindsight.
    """

    def __init__(self, model: Model, config: TrainConfig) -> None:
        self.model, self.config, self.way = model, config, way_of(config.arm)
        self.replays = {
            source: Replay(config.seed, config.replay_floor, balance=config.balance) for source in self.way.lives
        }
        self.main = next(iter(self.replays.values()))
        worlds = [make(name, level=config.level, split="train") for name in config.worlds]
        self.hindsight = Hindsight({world.name: world for world in worlds})
        self.pairs = round(config.batch_steps * config.hindsight_share / 2)
        self.helpful = Helpful(self.hindsight)
        self.asked = Questions(worlds if config.question_share else [])
        if config.question_share and not self.asked.worlds:
            warnings.warn(f"question_share decides nothing: nobody asks about {', '.join(config.worlds)}", stacklevel=2)
        self.questions = round(config.batch_steps * config.question_share) if self.asked.worlds else 0
        self.advices = round(config.batch_steps * config.distil_share)

    def remember(self, episode: Episode) -> None:
        """Takes in what was lived."""
        self.replays[self._source(episode)].add(episode)

    @property
    def steps(self) -> int:
        """How many steps there are to draw from."""
        return sum(map(len, self.replays.values()))

    def _source(self, episode: Episode) -> Source:
        """Which of the arm's sources an episode is from; of two, demonstrations are told by who acted."""
        first, *others = self.replays
        return others[0] if others and not episode.policy.startswith("demonstrator") else first

    def lessons(self, update: int, interest: Mapping[SituationClass, float]) -> Lessons:
        """The lessons of an update."""
        rng = random.Random(f"{self.config.seed}/lessons/{update}")
        made, extra = Lessons(), list[Tokens]()
        for source, episode, index, hindsight in self._drawn(rng, update, interest):
            made.kinds.append(kind_of(episode, index))
            if self.way.twist is Twist.SHUFFLED or source is Source.RECORDED:
                episode = twisted(self.way.twist, episode, index, self.replays[source], rng)
            made.samples.append(self._masked(source, self.model.transcript.episode(episode, index + 1)))
            if self.model.latent is not None:
                transcript = self.model.transcript
                made.unrolls.append(unroll(transcript, episode, index, self.config.unroll, rng, hindsight))
                if len(made.samples) % LATER_EVERY == 1 and len(tokens := later(transcript, episode, rng)):
                    extra.append(tokens)
            if self.way.reasons:
                extra.append(reasoned(self.model.transcript, episode, index))
        made.samples += extra
        if self.advices:
            self.helpful.look(self.main)
            drawn = [self.helpful.draw(self.main, rng) for _ in range(self.advices)]
            made.samples += [advice(self.model.transcript, *found) for found in drawn if found]
        made.samples += [self.asked.lesson(self.model.transcript, rng) for _ in range(self.questions)]
        return made

    def _masked(self, source: Source, tokens: Tokens) -> Tokens:
        """The transcript with the actions and outcomes as context that the arm does not learn from this source."""
        mute = {Role.ACTION} if source not in self.way.acts else set()
        mute |= {Role.OUTCOME} if source not in self.way.hears else set()
        return Tokens(tokens.ids, [Role.CONTEXT if role in mute else role for role in tokens.roles]) if mute else tokens

    def _drawn(
        self, rng: random.Random, update: int, interest: Mapping[SituationClass, float]
    ) -> Iterator[tuple[Source, Episode, int, bool]]:
        """Each lesson's source, episode and step, and whether it is told in hindsight."""
        paired, first = 0, next(iter(self.replays))
        if self.pairs:
            self.hindsight.look(self.main)
            while paired < self.pairs and (drawn := self.hindsight.draw(rng)):
                number, index, wish = drawn
                episode = self.main.episode(number)
                yield first, in_hindsight(episode, index, wish), index, True
                yield first, episode, index, False
                paired += 1
        wanted = self.config.batch_steps - 2 * paired
        for i, (source, replay) in enumerate(self.replays.items()):
            some = len(range(i, wanted, len(self.replays)))
            steps = replay.sample(some, update, interest)
            for number, index in with_siblings(replay, steps) if self.config.siblings > 1 else steps:
                yield source, replay.episode(number), index, False


def with_siblings(replay: Replay, drawn: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """As many steps as were drawn, where each first step stands beside those of others that began as it did."""
    found: list[tuple[int, int]] = []
    for number, index in drawn:
        others = replay.siblings(number) if index == 0 else []
        found += [(number, index), *((other, 0) for other in others if first_counts(replay.episode(other)))]
    return found[: len(drawn)]


def first_counts(episode: Episode) -> bool:
    """Whether an episode's first step can be learned from: there is one, and it is no warning."""
    return bool(episode.steps) and not episode.steps[0].warning
