"""The recipe that trains small readers: what they read is short and can be answered, and a killed training goes on."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from forethought.evaluation.recall.reader import Reader
from forethought.evaluation.recall.words import names, tokens

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "recall_readers.py"


@pytest.fixture(scope="module")
def recipe() -> Any:
    sys.path.insert(0, str(SCRIPT.parent))
    spec = importlib.util.spec_from_file_location("recall_readers", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    sys.path.remove(str(SCRIPT.parent))
    return module


@pytest.fixture(scope="module")
def lessons(recipe: Any) -> Any:
    return sys.modules["recall_lessons"]


def test_passages_are_short_and_tell_what_is_asked(lessons: Any) -> None:
    rng = random.Random(0)
    others = [name for split in ("validation", "test") for name in names(split)]  # type: ignore[arg-type]
    for level in lessons.LEVELS:
        rows = lessons.lessons(rng, *level)
        assert 0.9 < sum(tokens(text) + 18 * len(asked) for text, asked in rows) / lessons.TOKENS < 1.5
        for text, asked in rows:
            assert tokens(text) <= lessons.LONGEST and asked
            assert all(value in text for _, answer in asked for value in answer)
            assert not any(name in text for name in others)


def test_no_question_is_answered_by_leaving_out_what_was_asked(lessons: Any) -> None:
    rng = random.Random(0)
    some = [lessons.facts(rng, 2)[1] for _ in range(200)]
    again = [one[0][1] == one[1][1] for one in some]
    assert 0.4 < sum(again) / len(again) < 0.6 and all(len(one) == 2 * lessons.AGAIN + 1 for one in some)


def test_passages_that_were_looked_up_hold_the_answer_and_exams_have_other_names(lessons: Any) -> None:
    made = sys.modules["recall_passages"]
    looked_up = made.looked_up
    told = [row for seed in (0, 1) for row in looked_up("train", seed)]
    assert {way for _, way, *_ in told} == set(made.WAYS)
    assert all(text.startswith(f"Question: {asked}\n") == (way == "jrt") for _, way, text, asked, _ in told)
    assert all(value in text for _, _, text, _, answer in told for value in answer)
    rows = lessons.passages(random.Random(0), told)
    assert 0.9 < sum(tokens(text) + 18 for text, _ in rows) / lessons.TOKENS < 1.5
    examined = list(looked_up("validation", 0, ("ours",)))
    assert examined and not any(name in text for _, _, text, *_ in examined for name in names("train"))


def test_passages_that_were_stopped_half_way_are_gone_on_with(lessons: Any, tmp_path: Path, monkeypatch: Any) -> None:
    made, asked = sys.modules["recall_passages"], list[int]()
    monkeypatch.setattr(made, "CONVERSATIONS", 3)

    def looked_up(split: str, seed: int) -> Any:
        asked.append(seed)
        return [["needle", "ours", f"{split} {seed}", "Why?", ["so"]]]

    monkeypatch.setattr(made, "looked_up", looked_up)
    whole = made.training(tmp_path)
    path = next(tmp_path.iterdir())
    path.write_bytes(path.read_bytes()[:-9])
    assert made.training(tmp_path) == whole and asked == [0, 1, 2, 2] and whole[0][-1] == ("so",)


@pytest.mark.parametrize("kind", ["llama", "mamba2"])
def test_a_killed_training_goes_on_as_if_it_had_not_been(
    recipe: Any, lessons: Any, kind: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(lessons, "TOKENS", 200)
    read = recipe.Read([], {})
    saved = recipe.save

    def killed(*args: Any) -> None:
        saved(*args)
        raise KeyboardInterrupt

    recipe.train(kind, tmp_path / "whole", 4, read)
    with monkeypatch.context() as patch:
        patch.setattr(recipe, "save", killed)
        patch.setattr(recipe, "EVERY_S", 0)
        with pytest.raises(KeyboardInterrupt):
            recipe.train(kind, tmp_path / "killed", 4, read)
    recipe.train(kind, tmp_path / "killed", 4, read)
    one, other = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    reader = Reader.load(tmp_path / "killed" / "model")
    assert reader.name == kind and reader.trained == recipe.LONGEST and reader.answer("user: Hello.\n", "Why?")[1] > 0


def test_a_reader_that_tosses_a_coin_begins_anew(recipe: Any, lessons: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(lessons, "TOKENS", 200)
    monkeypatch.setattr(recipe, "STUCK", 2)
    monkeypatch.setattr(recipe, "EXAM", 1)
    recipe.train("llama", tmp_path, 3, recipe.Read([], {}))
    told = [json.loads(line) for line in (tmp_path / "exams.jsonl").read_text("utf-8").splitlines()]
    assert [(each["seed"], each["update"]) for each in told] == [(recipe.TRIES - 1, update) for update in (1, 2, 3)]
