"""Where an arm's episodes come from: its own actions in stages, its policy, demonstrators, chance, another run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from forethought.config import TrainConfig
from forethought.errors import BadSetting, NotOffered
from forethought.experience import ExperienceStore
from forethought.models import Model
from forethought.planning import Planner, Situation
from forethought.training.arms import Source, way_of
from forethought.training.curriculum import Curriculum, Stage, practice
from forethought.training.live import Chooser, apart, babble, curious, demonstrations, live
from forethought.training.run import EPISODES_FOLDER
from forethought.types import Episode
from forethought.worlds import World, make

QUALITIES = ("best", "custom", "stray", "random")
"""Who is shown in equal parts where demonstrations are of every quality; ``stray``: half of its steps are chance."""
STRAYS = 0.5


class Lives:
    """Lives the episodes of an arm, spell by spell; everything random follows from ``rng`` and the seeds."""

    def __init__(self, model: Model, config: TrainConfig, curriculum: Curriculum) -> None:
        self.model, self.config, self.curriculum = model, config, curriculum
        self.way = way_of(config.arm)

    def spell(self, name: str, seeds: range, rng: random.Random) -> list[Episode]:
        """Episodes in one world, at most one for each seed (those that another run lived through: all, at once)."""
        first = self.way.first if self.curriculum.stage is Stage.DEMONSTRATIONS else None
        sources = (first,) if first else self.way.lives
        parts = [seeds[i :: len(sources)] for i in range(len(sources))]
        if Source.RECORDED in sources and seeds.start:
            parts[sources.index(Source.RECORDED)] = range(0)
        return [
            e for source, part in zip(sources, parts, strict=True) if part for e in self._from(source, name, part, rng)
        ]

    def _from(self, source: Source, name: str, seeds: range, rng: random.Random) -> list[Episode]:
        match source:
            case Source.OWN:
                return self._own(name, seeds, rng)
            case Source.POLICY:
                return self._live(name, seeds, sampled(self.model), rng, "policy")
            case Source.RANDOM:
                return self._live(name, seeds, babble, rng, "random")
            case Source.CUSTOM:
                return demonstrations(self._worlds(name, len(seeds)), seeds)
            case Source.MIXED:
                return self._mixed(name, seeds, rng)
            case Source.RECORDED:
                return recorded(self.config.recorded, name)

    def _worlds(self, name: str, many: int) -> list[World]:
        return [make(name, level=self.config.level, split="train") for _ in range(many)]

    def _live(
        self, name: str, seeds: Sequence[int], choose: Chooser, rng: random.Random, policy: str, **more: Any
    ) -> list[Episode]:
        self.model.lm.eval()
        worlds, rate = self._worlds(name, len(seeds)), self.config.commit_rate
        return live(self.model, worlds, seeds, choose, policy=policy, rng=rng, commit_rate=rate, **more)

    def _own(self, name: str, seeds: range, rng: random.Random) -> list[Episode]:
        """A spell of babbling, or of practice, of which a part may be towards desires of one's own choice."""
        choose: Chooser = babble
        if self.config.explore == "curious":
            choose = curious(self.curriculum.interest_in(make(name, level=self.config.level, split="train").name))
        if not self.curriculum.practises(rng):
            many = self.config.siblings
            lived = [seed for seed in seeds[::many] for _ in range(many)][: len(seeds)]
            return self._live(name, lived, apart(choose) if many > 1 else choose, rng, Stage.BABBLE)
        seeds = seeds[: self.config.practice_episodes]
        towards = practice(self.model, Planner(horizon=self.config.horizon), rng)
        if not self.config.own_desires:
            return self._live(name, seeds, towards, rng, Stage.PRACTICE)
        competence, aimless = self.curriculum.competence, self._live(name, seeds, choose, rng, Stage.BABBLE)
        chosen = [
            competence.choose(world, episode, rng) if rng.random() < self.config.own_desires else None
            for world, episode in zip(self._worlds(name, len(seeds)), aimless, strict=True)
        ]
        desires = [aim and aim[0] for aim in chosen]
        again = self._live(name, seeds, towards, rng, Stage.PRACTICE, desires=desires)
        competence.heed([aim and aim[1] for aim in chosen], again)
        return aimless + again

    def _mixed(self, name: str, seeds: range, rng: random.Random) -> list[Episode]:
        episodes = []
        for k, quality in enumerate(QUALITIES):
            part = seeds[k :: len(QUALITIES)]
            if quality == "random" or not part:
                episodes += self._live(name, part, babble, rng, "random") if part else []
                continue
            shown = "custom" if quality == "stray" else quality
            strays = STRAYS if quality == "stray" else 0.0
            try:
                episodes += demonstrations(self._worlds(name, len(part)), part, shown, strays, rng)
            except NotOffered:
                episodes += demonstrations(self._worlds(name, len(part)), part, "custom", strays, rng)
        return episodes


def sampled(model: Model) -> Chooser:
    """Chooses among what makes sense as likely as the model itself finds it."""

    def choose(situations: Sequence[Situation], rng: random.Random) -> list[str]:
        with torch.inference_mode():
            found = model.preferences([s.context for s in situations], [s.candidates for s in situations])
        weights = [torch.tensor(scores).softmax(0).tolist() for scores in found]
        return [rng.choices(s.candidates, w)[0] for s, w in zip(situations, weights, strict=True)]

    return choose


def recorded(folder: str, world: str) -> list[Episode]:
    """What a run lived through in a world; ``BadSetting`` where there is nothing."""
    name = make(world, split="train").name
    store = ExperienceStore(Path(folder) / EPISODES_FOLDER)
    found = [episode for episode in store.episodes() if episode.world == name]
    if not found:
        raise BadSetting(f"the run in {folder!r} has no experience of world {name!r}; expected a run that lived in it")
    return found
