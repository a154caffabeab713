"""Latent dynamics are trained on what really followed, never on a warning, and only where they are wanted."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import forethought as ft
from forethought.config import TrainConfig
from forethought.errors import BadSetting
from forethought.models import Model
from forethought.training.latent import DISCOUNT, STEP_COST, later, reached, unroll
from forethought.training.learner import Learner
from forethought.transcript import Role
from forethought.types import Episode, Harm, Progress, Step

NewModel = Callable[..., Model]
GO = Step("walk to the library", "You are at the library.", "You are at the library.", cost=(("minutes", 3.0),))
ASK = Step("ask for the book", "You have the book.", "You have the book.", Progress.SATISFIED)
FALL = Step("jump off the wall", "You fall.", "You fall.", Progress.FAILED, Harm.HARMED)
FLY = Step("fly", "", "", warning="You cannot fly.")


def _episode(*steps: Step) -> Episode:
    return Episode("errand", 1, "train", 0, "Get the book.", "You are at home.", steps)


def _learner(model: Model, **settings: Any) -> Learner:
    settings = {"latent_weight": 1.0, "precision": "float32", "warmup_updates": 0, **settings}
    return Learner(model, TrainConfig.of(**settings))


def _update(learner: Learner, episodes: list[Episode], number: int = 0, seed: int = 0) -> dict[str, float]:
    transcript, rng = learner.model.transcript, random.Random(seed)
    unrolls = [unroll(transcript, e, len(e.steps) - 1, learner.config.unroll, rng) for e in episodes]
    return learner.update([transcript.episode(e) for e in episodes], number, 0.0, unrolls).figures


def test_an_unroll_contains_the_drawn_step_and_no_warning(model: Model) -> None:
    episode = _episode(GO, FLY, GO, ASK, GO, FALL)
    for seed in range(50):
        for index in (0, 2, 3, 4, 5):
            found = unroll(model.transcript, episode, index, 3, random.Random(seed))
            assert episode.steps[index] in found.steps and FLY not in found.steps and 1 <= len(found.steps) <= 3
            here = found.steps.index(episode.steps[index])
            assert all(reach is None for reach in found.reach[:here]), "what comes before it has no prospect to learn"
            context = model.transcript.episode(episode)
            assert context.roles[found.place + 1] == Role.ACTION and context.roles[found.place] == Role.CONTEXT
    assert {len(unroll(model.transcript, episode, 4, 3, random.Random(s)).steps) for s in range(20)} == {2, 3}


def test_reach_is_what_really_followed() -> None:
    far, near = DISCOUNT ** (3.0 + 2 * STEP_COST), DISCOUNT**STEP_COST
    assert reached((GO, GO, ASK)) == [pytest.approx(far), pytest.approx(near), None]
    assert reached((GO, FALL)) == [0.0, None] and reached((GO, GO)) == [0.0, 0.0]
    harmed = Step("rob", "You have the book.", "", Progress.SATISFIED, Harm.HARMED)
    assert reached((GO, harmed)) == [0.0, None] and reached(()) == []


def test_later_shows_a_beginning_and_an_action_of_a_later_step(model: Model) -> None:
    episode, seen = _episode(GO, ASK, FALL), set()
    for seed in range(40):
        text = model.tokenizer.decode(later(model.transcript, episode, random.Random(seed)).ids)
        assert text.count("...") == 2
        seen.add((text.count("walk"), text.count("ask"), text.count("jump")))
    assert seen == {(0, 1, 0), (0, 0, 1), (1, 0, 1)}
    assert not len(later(model.transcript, _episode(GO), random.Random(0)))
    assert not len(later(model.transcript, _episode(GO, FLY), random.Random(0)))


def test_it_learns_what_follows_what(new_model: NewModel) -> None:
    learner = _learner(new_model().with_latent(members=2), learning_rate=3e-3)
    episodes = [_episode(GO, ASK), _episode(FALL), _episode(GO), _episode(GO, FALL)]
    first = _update(learner, episodes)
    for number in range(1, 60):
        last = _update(learner, episodes, number, number)
    for name in ("prediction", "progress", "harm", "cost", "inverse", "possible", "reach"):
        assert last[f"latent_{name}"] < 0.6 * first[f"latent_{name}"], name
    assert last["latent_error_1"] < 0.5 and last["action_gap"] > 0.5
    assert 1 < last["effective_rank"] <= learner.model.lm.config.hidden_size


def test_without_a_gradient_from_targets_and_without_sigreg_they_are_left_alone(new_model: NewModel) -> None:
    episodes = [_episode(GO, ASK), _episode(FALL), _episode(GO)]
    for settings, trained in (({}, True), ({"stop_gradient": True}, True), ({"sigreg_weight": 0.0}, True)):
        learner = _learner(new_model().with_latent(members=2), **settings)
        before = {name: p.clone() for name, p in learner.named_parameters()}
        _update(learner, episodes)
        moved = {name for name, p in learner.named_parameters() if not torch.equal(p, before[name])}
        assert ("latent.to_text.0.weight" in moved) is trained


def test_extra_samples_without_an_unroll_teach_words_alone(new_model: NewModel) -> None:
    learner = _learner(new_model().with_latent(members=2))
    transcript, episode = learner.model.transcript, _episode(GO, ASK)
    samples = [transcript.episode(episode), later(transcript, episode, random.Random(0))]
    lesson = learner.update(samples, 0, 0.0, [unroll(transcript, episode, 1, 2, random.Random(0))])
    assert lesson.tokens > sum(map(len, samples)) and len(lesson.surprise) == 2 and lesson.surprise[1] == 0.0


def test_a_lesson_does_not_depend_on_what_was_drawn_before(new_model: NewModel) -> None:
    episodes = [_episode(GO, ASK), _episode(FALL), _episode(GO)]
    torch.manual_seed(1)
    one = _update(_learner(new_model().with_latent(members=2)), episodes, 7)
    torch.manual_seed(2)
    assert _update(_learner(new_model().with_latent(members=2)), episodes, 7) == pytest.approx(one, nan_ok=True)


def test_without_latent_dynamics_nothing_is_imagined(new_model: NewModel) -> None:
    learner = _learner(new_model(), latent_weight=0.0)
    figures = learner.update([learner.model.transcript.episode(_episode(GO))], 0, 0.0).figures
    assert not any(name.startswith("latent") for name in figures)


def test_a_frozen_language_model_stays_as_it_is_while_its_latent_part_learns(
    new_model: NewModel, tmp_path: Path
) -> None:
    model = new_model().with_latent(members=2)
    before = {name: value.clone() for name, value in model.lm.state_dict().items()}
    learner = _learner(model, freeze=True)
    told = [_update(learner, [_episode(GO, ASK), _episode(GO, FALL)], number) for number in range(12)]
    assert all(torch.equal(before[name], value) for name, value in model.lm.state_dict().items())
    assert told[-1]["latent_harm"] < 0.5 * told[0]["latent_harm"]
    with pytest.raises(BadSetting, match="leaves nothing else to train"):
        ft.train(folder=tmp_path / "run", freeze=True)
    with pytest.raises(BadSetting, match="random weights as it is"):
        ft.train(folder=tmp_path / "run", freeze=True, latent_weight=1.0)
    assert not (tmp_path / "run").exists()


def test_a_trained_model_is_given_a_latent_part_afterwards(tmp_path: Path) -> None:
    settings = dict(budget_tokens=6_000, batch_steps=8, first_episodes=16, live_episodes=8)
    first = ft.train(folder=tmp_path / "words", **settings)
    second = ft.train(str(first.model), folder=tmp_path / "both", latent_weight=1.0, freeze=True, **settings)
    words, both = ft.Model.from_pretrained(first.model), ft.Model.from_pretrained(second.model)
    given = ft.Model.from_pretrained(first.model)
    ft.train(given, folder=tmp_path / "given", latent_weight=1.0, freeze=True, **settings)
    assert given.latent is not None, "a model that is handed in is given one too"
    assert words.latent is None and both.latent is not None
    pairs = zip(words.lm.parameters(), both.lm.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
