"""Exams ask the same validation questions every time; they decide the stage, and what is forgotten shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import forethought as ft
from forethought.config import TrainConfig
from forethought.models import Imagined, Model, train_tokenizer, training_texts
from forethought.models.foresight import context_of
from forethought.reports import figures
from forethought.reports.gather import RunFound
from forethought.training.curriculum import Curriculum, Stage
from forethought.training.exams import PAIRS, Exams, share_right
from forethought.transcript import Tokens
from forethought.worlds import make


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.from_scratch("nano", tokenizer=train_tokenizer(training_texts(["cliff"], [1], episodes=10), 400))


def test_who_knows_all_answers_passes_and_who_knows_none_does_not(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    exams = Exams(model, ("cliff",), 1)
    first = exams.sit()
    assert first == exams.sit() and set(first) == {"cliff/edge", "language"}
    assert first["cliff/edge"] == 0.0 == share_right(first) and first["language"] > 3.0
    sides = [side for _, _, pairs in exams.probes for pair in pairs for side in (pair.left, pair.right)]
    asked = [(context_of(model, side), side.step) for side in sides]
    answers = {(tuple(context.ids), step.action): step.change for context, step in asked}

    def knows(self: Model, contexts: list[Tokens], actions: list[list[str]]) -> list[list[Imagined]]:
        told = [answers[tuple(context.ids), action] for context, (action,) in zip(contexts, actions, strict=True)]
        return [[Imagined(text, 0.0, 0.0, 0.0)] for text in told]

    monkeypatch.setattr(Model, "imagine", knows)
    assert exams.sit()["cliff/edge"] == 1.0 and len(sides) == 2 * PAIRS


def test_exams_are_held_in_validation_situations(model: Model) -> None:
    world = make("cliff", level=1, split="validation")
    ((_, _, pairs),) = Exams(model, ("cliff",), 1).probes
    assert pairs == [world.probe("edge", seed) for seed in range(PAIRS)]


@pytest.mark.parametrize(
    ("understood", "gap", "stage"),
    [(0.95, None, Stage.PRACTICE), (0.95, 0.8, Stage.PRACTICE), (0.95, 0.1, Stage.BABBLE), (0.5, 0.8, Stage.BABBLE)],
)
def test_a_stage_is_mastered_by_an_exam_and_by_heeding_the_action(
    understood: float, gap: float | None, stage: Stage
) -> None:
    curriculum = Curriculum(TrainConfig.of(exam_updates=10, practice_divergence=0.0, practice_after=0.9))
    curriculum.examine(understood, gap)
    curriculum.advance(0.1)
    assert curriculum.stage is stage
    other = Curriculum(curriculum.config)
    other.restore(json.loads(json.dumps(curriculum.state())))
    assert other.state() == curriculum.state()


def test_worlds_without_probes_pass_no_exam() -> None:
    assert share_right({"language": 2.0}) is None
    curriculum = Curriculum(TrainConfig.of(exam_updates=10, practice_divergence=0.0))
    curriculum.examine(None, None)
    curriculum.advance(0.1)
    assert curriculum.stage is Stage.BABBLE


def test_a_run_records_its_exams_and_a_report_draws_them(tmp_path: Path) -> None:
    settings = dict(budget_tokens=6_000, batch_steps=8, first_episodes=16, live_episodes=8, worlds=("cliff",))
    run = ft.train(folder=tmp_path / "run", exam_updates=2, **settings)
    told = [line for line in run.metrics() if "exam/cliff/edge" in line]
    assert len(told) == len(run.metrics()) // 2 and all(line["exam/language"] > 0 for line in told)
    found = RunFound(tmp_path / "run", "mine", metrics=run.metrics())
    picture = figures.exams(found, "Exams.")
    assert picture is not None and picture.words == "Exams."
    assert figures.exams(RunFound(tmp_path, "none"), "") is None
