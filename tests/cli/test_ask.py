"""``forethought ask`` answers, says when it cannot say, and says when it was never taught to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forethought.cli import main
from forethought.models import Heard, Model, train_tokenizer, training_texts

ASKED = "I need to get my car washed and the car wash is 300 feet away. Should I walk or drive?"
SEEN = "You are at home. The car is at home. The car wash is 300 feet away."
WAYS = ("walk to the car wash", "drive the car to the car wash")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer = train_tokenizer(training_texts(["errand"], [1], episodes=20, questions=True), 600)
    model = Model.from_scratch("nano", tokenizer=tokenizer)
    model.sure = 0.6
    return model.save(tmp_path_factory.mktemp("ask") / "model")


def hears(monkeypatch: pytest.MonkeyPatch, confidence: float) -> None:
    found = Heard("Get the car washed.", SEEN, WAYS, confidence)
    monkeypatch.setattr(Model, "hear", lambda self, texts: [found for _ in texts])


def test_what_is_understood_is_answered_with_a_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(monkeypatch, 0.8)
    assert main(["ask", ASKED, "--model", str(folder), "--horizon", "1"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for words in (f"Understood: Get the car washed. {SEEN}", "imagined", "Answer: ", "Because: If you "):
        assert words in told
    assert main(["ask", ASKED, "--model", str(folder), "--horizon", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["choice"] in WAYS and found["understood"] and found["confidence"] == 0.8
    assert {way["action"] for way in found["imagined"]} == set(WAYS)
    assert found["reason"].startswith(f"If you {found['choice']}:")


def test_what_is_not_understood_is_not_answered(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(monkeypatch, 0.3)
    assert main(["ask", "Who are you?", "--model", str(folder)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "I cannot say" in told and "30% sure" in told and "from 60% on" in told
    assert main(["ask", "Who are you?", "--model", str(folder), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["understood"] and found["choice"] == found["reason"] == "" and found["imagined"] == []


def test_a_model_that_was_never_taught_says_how_to_teach_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Model.from_pretrained(folder)
    model.sure = None
    plain = str(model.save(tmp_path / "plain"))
    assert main(["ask", ASKED, "--model", plain]) == 2
    assert "--question-share" in capsys.readouterr().err
    assert main(["ask", "", "--model", str(folder)]) == 2
    assert "expected 1 to 1000" in capsys.readouterr().err
