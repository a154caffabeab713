"""A moment of training in memory, without a run folder: what a run will cost on this machine."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import torch

from forethought.config import TrainConfig
from forethought.models.meter import Meter
from forethought.training.curriculum import Curriculum
from forethought.training.learner import Learner
from forethought.training.lessons import Teacher
from forethought.training.lives import Lives
from forethought.training.loop import initial_model

EPISODES, UPDATES = 32, 6


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Tokens learned from, operations done and seconds taken in a few updates, living left out."""

    tokens: int
    flops: int
    seconds: float


def rehearse(config: TrainConfig, updates: int = UPDATES) -> Rehearsal:
    """Lives a few episodes as a run begins, and learns from them for some updates."""
    torch.set_num_threads(config.threads)
    model = initial_model(config)
    if config.latent_weight:
        model.with_latent(config.members, config.seed)
    learner, curriculum, teacher = Learner(model, config), Curriculum(config), Teacher(model, config)
    rng = random.Random(config.seed)
    for name in config.worlds:
        for episode in Lives(model, config, curriculum).spell(name, range(EPISODES), rng):
            teacher.remember(episode)
    lessons = [teacher.lessons(number, {}) for number in range(updates)]
    tokens, meter, started = 0, Meter(), time.monotonic()
    with meter.on(model):
        for number, lesson in enumerate(lessons):
            tokens += learner.update(lesson.samples, number, 0.0, lesson.unrolls).tokens
    return Rehearsal(tokens, meter.flops, time.monotonic() - started)
