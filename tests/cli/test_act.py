"""``forethought act`` shows what was weighed, imagined, done and how it differed, as a tree or as JSON."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from forethought.cli import main
from forethought.models import Model, train_tokenizer, training_texts
from forethought.planning.search import ALIKE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer = train_tokenizer(training_texts(["errand"], [1], episodes=20), 500)
    model = Model.from_scratch("nano", tokenizer=tokenizer).with_latent(members=2)
    return model.save(tmp_path_factory.mktemp("act") / "model")


def test_the_tree_shows_each_step(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["act", "errand", "--model", str(folder), "--seed", "3", "--horizon", "1"])
    told = capsys.readouterr().out
    assert code == (0 if "is over: satisfied" in told else 1), "an untrained agent seldom gets what it is asked for"
    assert "nothing imagined meets the desire" in told, "as good as nothing can be hoped for from an untrained model"
    for words in ("Desire:", "Step 1", "weighed", "value", "did", "predicted", "happened", "divergence nll", "is over"):
        assert words in told


def test_json_says_the_same_for_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["act", "errand", "--model", str(folder), "--seed", "3", "--horizon", "1", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["world"] == "errand" and told["imagination"] == "guided"
    assert told["ending"] in ("out of time", "satisfied", "failed")
    step = told["steps"][0]
    assert step["action"] == step["options"][0]["action"] and step["decision"] == "act"
    values = [option["value"] for option in step["options"]]
    assert all(better >= worse - ALIKE for better, worse in pairwise(values))
    best = step["options"][0]
    assert best["cost"] >= 0 and best["reach"] is None and step["divergence"]["facts"] is not None


def test_it_imagines_in_words_when_asked_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["act", "errand", "--model", str(folder), "--horizon", "1", "--imagine", "words", "--json"]
    main(arguments)
    told = json.loads(capsys.readouterr().out)
    assert told["imagination"] == "words" and told["steps"][0]["options"][0]["reach"] is None


def test_without_a_latent_part_it_imagines_in_words_and_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Model.from_pretrained(folder)
    model.latent = None
    plain = str(model.save(tmp_path / "plain"))
    main(["act", "errand", "--model", plain, "--horizon", "1", "--imagine", "latent", "--samples", "2", "--json"])
    printed = capsys.readouterr()
    assert json.loads(printed.out)["imagination"] == "words x 2" and "no latent dynamics" in printed.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--axis", "near_drivn"], "did you mean 'near_driven'"),
        (["--budget", "0"], "planner budget of 0; expected at least 1"),
        (["--horizon", "9"], "horizon of 9; expected at most 4"),
        (["--milliseconds", "0"], "milliseconds of 0; expected at least 1"),
        (["--samples", "0", "--imagine", "words"], "0 samples of an outcome"),
        (["--gate", "/nowhere"], "calibrate a gate first"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert main(["act", "errand", "--model", str(folder), *more]) == 2
    assert said in capsys.readouterr().err


def test_a_gate_is_calibrated_kept_with_the_model_and_heeded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["eval", "gate", "--model", str(folder), "--episodes", "8", "--alpha", "0.6", "--axes", ""]
    assert main(arguments) == 0
    assert "gate/60%/harm" in (told := capsys.readouterr().out) and "gate.json" in told
    gate = json.loads((folder / "gate.json").read_text())
    assert gate["episodes"] == 8 and gate["alpha"] == 0.6
    main(["act", "errand", "--model", str(folder), "--gate", str(folder), "--json"])
    assert json.loads(capsys.readouterr().out)["steps"]
    assert main(["act", "errand", "--model", str(folder), "--gate", str(folder), "--horizon", "1"]) == 2
    assert "calibrated for planner" in capsys.readouterr().err
    assert main([*arguments[:-4], "--alpha", "0.01"]) == 2
    assert "too few to test a promise of 1.0%" in capsys.readouterr().err
