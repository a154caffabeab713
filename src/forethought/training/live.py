"""Living: many worlds side by side, each step acted, predicted, observed and recorded."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch

from forethought.agent import Life
from forethought.errors import WorldFailed
from forethought.models import Model
from forethought.models.divergence import measured
from forethought.planning import Situation
from forethought.training.desires import towards
from forethought.types import Ending, Episode, Step
from forethought.worlds import World
from forethought.worlds.grammar import verb_of
from forethought.worlds.vector import VectorWorld

PROPOSALS = 4
Chooser = Callable[[Sequence[Situation], random.Random], list[str]]
"""Chooses an action in each situation."""


def live(
    model: Model,
    worlds: Sequence[World],
    seeds: Sequence[int],
    choose: Chooser,
    *,
    policy: str,
    rng: random.Random,
    commit_rate: float = 0.0,
    desires: Sequence[str | None] = (),
) -> list[Episode]:
    """Lives one episode in each world, in lockstep; the worlds are sealed meanwhile.

    ``desires`` may give worlds another desire than their own (``None``: their own); it decides what counts as met.

    With probability ``commit_rate`` a step's prediction is committed before the world steps. A world that throws
    ends its episode with ``Ending.WORLD_ERROR``, and the others go on.
    """
    vector = VectorWorld(worlds)
    chosen = dict(enumerate(desires))
    starts = [vector.reset(i, seed) for i, seed in enumerate(seeds)]
    starts = [replace(start, desire=chosen.get(i) or start.desire) for i, start in enumerate(starts)]
    lives = [Life.begin(model, start, seed) for start, seed in zip(starts, seeds, strict=True)]
    with vector.sealed():
        while going := [i for i, life in enumerate(lives) if life.ending is Ending.UNFINISHED]:
            here = [lives[i] for i in going]
            actions = choose(_with_proposals(model, [life.situation() for life in here], rng), rng)
            commits = [rng.random() < commit_rate for _ in here]
            predictions = _commit(model, here, actions, commits)
            results = [
                towards(worlds[i], chosen.get(i), vector.step(i, action))
                for i, action in zip(going, actions, strict=True)
            ]
            steps = [
                result.step(action, None if result.error else prediction)
                for result, action, prediction in zip(results, actions, predictions, strict=True)
            ]
            steps = measured(model, worlds[0], [life.context for life in here], steps)
            for life, step, result in zip(here, steps, results, strict=True):
                life.go_on(model, step, result)
    return [
        Episode(w.name, w.level, w.split, e.seed, e.desire, e.observation, tuple(e.steps), e.ending, policy, w.axis,
                e.failure)
        for w, e in zip(worlds, lives, strict=True)
    ]  # fmt: skip


def _with_proposals(model: Model, situations: Sequence[Situation], rng: random.Random) -> list[Situation]:
    """The situations, with the model's own proposals where the world lists no candidates."""
    lacking = [k for k, situation in enumerate(situations) if not situation.candidates]
    filled = list(situations)
    if lacking:
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        with torch.inference_mode():
            proposed = model.propose([situations[k].context for k in lacking], PROPOSALS, generator=generator)
        for k, actions in zip(lacking, proposed, strict=True):
            filled[k] = replace(situations[k], candidates=tuple(dict.fromkeys(actions)))
    return filled


def babble(situations: Sequence[Situation], rng: random.Random) -> list[str]:
    """Any verb, then any action with it, among what makes sense and was not tried yet in this episode; then any."""
    return [_any(rng, _untried(situation) or situation.candidates) for situation in situations]


def curious(interest: Mapping[str, float]) -> Chooser:
    """Babbles, but takes a verb the likelier the more interesting it is; one that is new is as interesting as any."""
    most = max(interest.values(), default=1.0)

    def choose(situations: Sequence[Situation], rng: random.Random) -> list[str]:
        chosen = []
        for situation in situations:
            verbs = _by_verb(_untried(situation) or situation.candidates)
            (verb,) = rng.choices(list(verbs), [interest.get(verb, most) for verb in verbs])
            chosen.append(rng.choice(verbs[verb]))
        return chosen

    return choose


def apart(choose: Chooser) -> Chooser:
    """Lets those who begin the same situation begin it with different actions: the same verb where there is another
    thing to do it to, so that one thing alone differs (Mill's method of difference).
    """

    def chosen(situations: Sequence[Situation], rng: random.Random) -> list[str]:
        actions = choose(situations, rng)
        taken: dict[tuple[int, ...], list[str]] = {}
        for i, situation in enumerate(situations):
            if situation.tried:
                continue
            before = taken.setdefault(tuple(situation.context.ids), [])
            if before and (left := [action for action in situation.candidates if action not in before]):
                alike = [action for action in left if verb_of(action) == verb_of(before[0])]
                actions[i] = rng.choice(alike or left)
            before.append(actions[i])
        return actions

    return chosen


def _any(rng: random.Random, actions: Sequence[str]) -> str:
    return rng.choice(rng.choice(list(_by_verb(actions).values())))


def _by_verb(actions: Sequence[str]) -> dict[str, list[str]]:
    verbs: dict[str, list[str]] = {}
    for action in actions:
        verbs.setdefault(verb_of(action), []).append(action)
    return verbs


def _untried(situation: Situation) -> list[str]:
    return [action for action in situation.candidates if action not in situation.tried]


def _commit(model: Model, lives: Sequence[Life], actions: Sequence[str], commits: Sequence[bool]) -> list[str | None]:
    chosen = [k for k, commit in enumerate(commits) if commit]
    predictions: list[str | None] = [None] * len(lives)
    if chosen:
        with torch.inference_mode():
            imagined = model.imagine([lives[k].context for k in chosen], [[actions[k]] for k in chosen])
        for k, (outcome,) in zip(chosen, imagined, strict=True):
            predictions[k] = model.transcript.with_verdicts(outcome.text, outcome.progress, outcome.harm)
    return predictions


def demonstrations(
    worlds: Sequence[World],
    seeds: Sequence[int],
    quality: str = "custom",
    strays: float = 0.0,
    rng: random.Random | None = None,
) -> list[Episode]:
    """One demonstrated episode in each world: the static corpus that imitation learns from.

    With probability ``strays`` (drawn from ``rng``) a step is any candidate instead of what the demonstrator does.
    """
    chance = rng or random.Random(0)
    vector = VectorWorld(worlds)
    episodes = []
    for i, (world, seed) in enumerate(zip(worlds, seeds, strict=True)):
        start = vector.reset(i, seed)
        if start.error is not None:
            continue
        show, steps, ending, failure = world.demonstrator(quality), list[Step](), Ending.UNFINISHED, ""
        listed = start.candidates
        while ending is Ending.UNFINISHED:
            action = vector.shown(i, show)
            if isinstance(action, WorldFailed):
                ending, failure = Ending.WORLD_ERROR, str(action)
                break
            if strays and listed and chance.random() < strays:
                action = chance.choice(listed)
            result = vector.step(i, action)
            ending, listed = result.ending, result.candidates
            if result.error is None:
                steps.append(result.step(action))
            else:
                failure = str(result.error)
        episodes.append(
            Episode(world.name, world.level, world.split, seed, start.desire, start.observation, tuple(steps), ending,
                    f"demonstrator {quality}" + (" straying" if strays else ""), world.axis, failure)
        )  # fmt: skip
    return episodes
