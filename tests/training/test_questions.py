"""Questions are taught beside everything else, and a model learns from validation how sure it must be."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import forethought as ft
from forethought.errors import BadSetting
from forethought.models import Heard, Model, train_tokenizer, training_texts
from forethought.training.questions import CHECKED, NEVER, Questions, Words, how_sure, understood
from forethought.transcript import PART, UNCLEAR, Role, Tokens
from forethought.types import Question
from forethought.worlds import make

SETTINGS = dict(budget_tokens=8_000, batch_steps=8, first_episodes=16, live_episodes=8)


@pytest.fixture
def model() -> Model:
    texts = training_texts(["errand"], [1], episodes=20, questions=True)
    return Model.from_scratch("nano", tokenizer=train_tokenizer(texts, 600))


def hears(monkeypatch: pytest.MonkeyPatch, confidence: dict[int, float], wrong: set[int]) -> None:
    """Question number i of the validation split is heard with that confidence, wrongly where so said."""
    world = make("errand", level=1, split="validation")
    known = {}
    for seed in range(CHECKED):
        question = world.question(seed)
        desire = "Get it." if seed in wrong else question.desire
        known[question.text] = Heard(desire, question.observation, question.options, confidence.get(seed, 0.1))
    nothing = Heard("", "", (), 0.0)
    monkeypatch.setattr(Model, "hear", lambda self, texts: [known.get(text, nothing) for text in texts])


def test_a_model_answers_from_where_nine_in_ten_are_understood(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    sure = {seed: 0.9 - seed / 1000 for seed in range(100)}
    hears(monkeypatch, sure, wrong=set(range(90, CHECKED)))
    assert how_sure(model, ["errand"], 1) == pytest.approx(0.9 - 0.099, abs=0.005), "a few questions are asked twice"
    hears(monkeypatch, sure, wrong=set(range(CHECKED)))
    assert how_sure(model, ["errand"], 1) == NEVER > 1
    assert how_sure(model, ["cliff"], 1) is None, "nobody asks about it"


def test_a_lesson_is_a_question_and_the_situation_that_it_is_about(model: Model) -> None:
    asked = Questions([make("cliff", split="train"), make("errand", split="train")])
    assert [world.name for world in asked.worlds] == ["errand"]
    tokens = asked.lesson(model.transcript, random.Random(0))
    assert set(tokens.roles) == {Role.CONTEXT, Role.SITUATION}
    assert tokens.ids == asked.lesson(model.transcript, random.Random(0)).ids
    answers = [_answer(model, asked.lesson(model.transcript, random.Random(seed))) for seed in range(200)]
    assert 0.08 < answers.count(UNCLEAR) / 200 < 0.25 and len(set(answers)) > 100
    with pytest.raises(BadSetting, match="what stands between its parts"):
        model.transcript.situation(Question("", "Come at 5 / 6.", "You are at home.", ("wait",)))
    assert PART.strip() == "/"


def _answer(model: Model, tokens: Tokens) -> str:
    ids = [i for i, role in zip(tokens.ids, tokens.roles, strict=True) if role == Role.SITUATION]
    return model.tokenizer.decode(ids, skip_special_tokens=True).strip()


def test_what_decides_is_found_from_questions_alone() -> None:
    world = make("errand", split="train")
    words = Words.of(world)
    common, told = words.usual
    assert {"get", "the"} <= common and {"the", "feet", "walk", "at", "car"} <= told
    assert not {"car", "washed"} & common and not {"300", "post"} & told
    for seed in range(50):
        question = world.question(seed)
        thing, number = question.desire.split()[-2], question.observation.split(" feet away")[0].split()[-1]
        assert set(words.deciding(question)) - {thing, number} <= set(question.text.lower().replace(".", "").split())
        assert number in words.deciding(question) and len(words.deciding(question)) <= 4
        assert not {"need", "home", "which", "our", "what", "street"} & set(words.deciding(question))


def test_a_question_about_nothing_lacks_what_decides_and_a_reworded_one_does_not() -> None:
    world = make("errand", split="train")
    words, rng = Words.of(world), random.Random(0)
    changed = 0
    for seed in range(200):
        question = world.question(seed)
        deciding = set(words.deciding(question))
        left = words.unclear(question, rng)
        assert left and not deciding <= {word.strip(",.?:!").lower() for word in left.split()}
        again = words.reworded(question, rng)
        assert deciding <= {word.strip(",.?:!").lower() for word in again.split()}
        changed += again != question.text
    assert changed > 100


def test_what_is_understood_is_all_of_it() -> None:
    question = make("errand").question(0)
    right = Heard(question.desire, question.observation, question.options, 0.5)
    assert understood(right, question)
    assert not understood(Heard(question.desire, "", question.options, 0.5), question)
    assert understood(Heard("", "", (), 0.0), None) and not understood(right, None)


def test_a_run_teaches_questions_and_its_model_knows_how_sure_to_be(tmp_path: Path) -> None:
    run = ft.train(folder=tmp_path / "run", question_share=0.5, **SETTINGS)
    assert all(line["situation"] > 0 for line in run.metrics())
    assert ft.Model.from_pretrained(run.model).sure == NEVER, "so little teaches nothing"
    more = ft.train(str(run.model), folder=tmp_path / "more", **SETTINGS)
    assert ft.Model.from_pretrained(more.model).sure is None, "what it was taught is not tested any more"
    with pytest.warns(UserWarning, match="nobody asks about cliff"):
        ft.train(folder=tmp_path / "cliff", worlds=("cliff",), question_share=0.5, **SETTINGS)
