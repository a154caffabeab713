"""What helped to meet a desire is taught as the best action, and asked for with the same words."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

import forethought as ft
from forethought.experience import Replay
from forethought.models import Model, train_tokenizer, training_texts
from forethought.training.distillation import WITHIN, Helpful, advice, worth
from forethought.training.hindsight import Hindsight
from forethought.transcript import Role
from forethought.types import Episode, Harm, Progress, Step
from forethought.worlds import make

FAR, NEAR = ("minutes", 30.0), ("minutes", 2.0)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.from_scratch("nano", tokenizer=train_tokenizer(training_texts(["cliff"], [1], episodes=10), 400))


def lived(*steps: Step) -> Episode:
    world = make("cliff", level=1, split="train")
    observation, info = world.reset(seed=0)
    return Episode("cliff", 1, "train", 0, str(info["desire"]), str(observation), steps)


def step(action: str, *cost: tuple[str, float], progress: Progress = Progress.ONGOING, **more: str) -> Step:
    return Step(action, "Nothing changes.", "Nothing changes.", progress, cost=cost, **more)  # type: ignore[arg-type]


def draws(*episodes: Episode, n: int = 400) -> Counter[str]:
    replay = Replay(0)
    for episode in episodes:
        replay.add(episode)
    helpful, rng = Helpful(Hindsight({"cliff": make("cliff", level=1, split="train")})), random.Random(0)
    helpful.look(replay)
    found = [helpful.draw(replay, rng) for _ in range(n)]
    return Counter(episode.steps[index].action for episode, index in filter(None, found))


def test_what_cost_less_is_taught_more() -> None:
    dear = lived(step("climb east", FAR, progress=Progress.SATISFIED))
    cheap = lived(step("walk east", NEAR, progress=Progress.SATISFIED))
    found = draws(dear, cheap)
    assert found["walk east"] > 2 * found["climb east"] > 0
    assert worth(cheap.steps) > worth(dear.steps) > worth((*dear.steps, *cheap.steps))


def test_only_the_last_steps_before_a_desire_is_met_helped_and_no_warning_did() -> None:
    steps = [step(f"walk {i}", NEAR) for i in range(6)]
    steps[4] = step("fly", warning="You cannot fly.")
    found = draws(lived(*steps, step("walk home", NEAR, progress=Progress.SATISFIED)))
    assert set(found) == {"walk 3", "walk 5", "walk home"} and WITHIN == 4


def test_harm_and_failure_are_no_help() -> None:
    harmed = Step("walk north", "You fall.", "You fall.", Progress.SATISFIED, Harm.HARMED)
    assert not draws(lived(harmed), lived(step("walk south", progress=Progress.FAILED)), lived(step("wait")))


def test_advice_stands_where_it_is_asked_for(model: Model) -> None:
    episode = lived(step("wait", NEAR), step("walk east", NEAR, progress=Progress.SATISFIED))
    transcript = model.transcript
    told = advice(transcript, episode, 1)
    asked = transcript.episode(episode, 1) + transcript.advice()
    assert told.ids[: len(asked)] == asked.ids
    ahead = told.ids[len(asked) :], told.roles[len(asked) :]
    assert list(ahead[0]) == transcript.action("walk east").ids and ahead[1][0] == Role.ACTION
    assert transcript.advice().ids != transcript.later().ids and set(transcript.advice().roles) == {Role.CONTEXT}


def test_a_run_learns_what_is_best_and_the_model_remembers_that_it_did(tmp_path: Path) -> None:
    settings = dict(worlds=("cliff",), budget_tokens=30_000, batch_steps=8, first_episodes=64, live_episodes=8)
    run = ft.train(folder=tmp_path / "run", distil_share=0.5, **settings)
    model = ft.Model.from_pretrained(run.model)
    assert model.advised and not ft.Model.from_scratch("nano", tokenizer=model.tokenizer).advised
    opening = model.transcript.opening("Reach B2.", "You are at B1.")
    (asked,) = model.preferences([opening], [["walk north", "walk south"]])
    model.advised = False
    (plain,) = model.preferences([opening + model.transcript.advice()], [["walk north", "walk south"]])
    assert asked == pytest.approx(plain, abs=1e-4)
