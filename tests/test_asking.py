"""A question becomes a situation, each way of it is imagined, and what was not understood is not answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

import forethought as ft
from forethought.asking import Answer, told
from forethought.errors import BadSetting
from forethought.models import Heard, Model, train_tokenizer, training_texts
from forethought.models.hearing import heard
from forethought.planning import Future, Option, Planner
from forethought.transcript import PART, Role
from forethought.types import Question

CAR = ft.make("errand", split="test", axis="near_driven")
ASKED = "I need to get my car washed and the car wash is 300 feet away. Should I walk or drive?"
STAYS, COMES = "You are at the car wash. The car stays at home.", "You are at the car wash. The car is at the car wash."


@pytest.fixture(scope="module")
def question() -> Question:
    return CAR.question(0)


@pytest.fixture
def model() -> Model:
    tokenizer = train_tokenizer(training_texts(["errand"], [1], episodes=20, questions=True), 600)
    return Model.from_scratch("nano", tokenizer=tokenizer)


def test_a_situation_that_was_told_is_taken_apart_again(model: Model, question: Question) -> None:
    tokens = model.transcript.situation(question)
    assert set(tokens.roles) == {Role.SITUATION}
    text = model.tokenizer.decode(tokens.ids, skip_special_tokens=True)
    found = heard(text, 0.9)
    assert found == Heard(question.desire, question.observation, question.options, 0.9)
    asked = model.transcript.question(question.text)
    assert set(asked.roles) == {Role.CONTEXT}, "a question itself is never trained on"


@pytest.mark.parametrize("text", ["", "Get the car washed.", f"Get it.{PART}You are at home.", f"{PART}{PART}walk"])
def test_what_is_no_situation_is_not_understood(text: str) -> None:
    assert heard(text, 0.99) == Heard("", "", (), 0.0)


def test_the_least_certain_word_decides_how_sure_the_model_is(model: Model) -> None:
    together, alone = model.hear([ASKED, "Who are you?"]), model.hear(["Who are you?"])
    assert 0 <= together[0].confidence <= 1 and together[1].confidence == pytest.approx(alone[0].confidence, abs=1e-4)


def test_a_question_is_answered_by_what_each_way_is_imagined_to_cause(
    model: Model, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.sure = 0.5
    one = Heard(question.desire, question.observation, question.options, 0.8)
    monkeypatch.setattr(Model, "hear", lambda self, texts: [one for _ in texts])
    found = ft.answer(model, f"  {question.text}\n", Planner(horizon=1))
    assert found.question == question.text and {option.action for option in found.options} == set(question.options)
    assert found.choice in question.options and found.reason.startswith(f"If you {found.choice}:")
    unsure = replace(one, confidence=0.4)
    monkeypatch.setattr(Model, "hear", lambda self, texts: [unsure for _ in texts])
    found = ft.answer(model, question.text)
    assert found == Answer(question.text, unsure, ()) and found.choice == found.reason == "" and not found.hopeful


def test_the_reason_tells_what_decided() -> None:
    ask = Option("ask for the car to be washed", Future(0.98, 0.0, 0.0, text="The car is now washed."), 0.9)
    drive = Option("drive the car to the car wash", Future(0.0, 0.0, 0.0, text=COMES), 0.9, (ask,))
    walk = Option("walk to the car wash", Future(0.0, 0.0, 0.0, text=STAYS), 0.0)
    found = Answer(ASKED, Heard("", "", (), 0.9), (drive, walk))
    assert found.choice == "drive the car to the car wash" and found.hopeful
    assert told(drive) in found.reason and found.reason.endswith(f"If you walk to the car wash: {STAYS}")
    assert "Then ask for the car to be washed: The car is now washed." in found.reason
    assert not Answer(ASKED, found.heard, (walk,)).hopeful


def test_a_model_that_was_taught_no_questions_says_so(model: Model) -> None:
    with pytest.raises(BadSetting, match="never taught what questions are about"):
        ft.answer(model, ASKED)
    model.sure = 0.5
    for text in ("", "  ", "x" * 2000):
        with pytest.raises(BadSetting, match="expected 1 to 1000"):
            ft.answer(model, text)
