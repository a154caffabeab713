"""The tokenizer depends on the text alone, is small, and spells a verdict as one token."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import pytest

from forethought.errors import BadSetting
from forethought.models import train_tokenizer, training_texts
from forethought.transcript import HARM_FORMS, PROGRESS_FORMS

CHILD = """
import hashlib
from forethought.models import train_tokenizer, training_texts
texts = list(training_texts(["errand"], [1], episodes=40))[::-1]
print(hashlib.sha256(train_tokenizer(texts, 600).backend_tokenizer.to_str().encode()).hexdigest())
"""


def _digest(tokenizer: Any) -> str:
    return hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()


def test_another_process_and_another_order_give_the_same_tokenizer(tokenizer: Any) -> None:
    env = {**os.environ, "PYTHONHASHSEED": "7", "TOKENIZERS_PARALLELISM": "true"}
    told = subprocess.run([sys.executable, "-c", CHILD], env=env, capture_output=True, text=True, check=True).stdout
    assert told.strip() == _digest(tokenizer)


def test_other_text_gives_another_tokenizer(tokenizer: Any) -> None:
    other = train_tokenizer(training_texts(["street"], [1], episodes=10), 600)
    assert _digest(other) != _digest(tokenizer)


@pytest.mark.parametrize("vocabulary", [299, 4097, 0, -1])
def test_sizes_outside_are_refused(vocabulary: int) -> None:
    with pytest.raises(BadSetting, match=f"vocabulary of {vocabulary} entries; expected 300 to 4096"):
        train_tokenizer(["some text"], vocabulary)


def test_the_size_asked_for_is_never_passed(tokenizer: Any, texts: list[str]) -> None:
    assert len(tokenizer) <= 600
    assert len(train_tokenizer(texts, 4096)) <= 4096
    assert len(train_tokenizer(["a"], 300)) <= 300


@pytest.mark.parametrize("text", ["", " two  spaces ", "Größe 漢字 🙂\n\ttab", "<|end|> as text, " + "Harm: none."])
def test_any_text_comes_back(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert not set(ids) & set(tokenizer.all_special_ids)


def test_each_verdict_is_one_token(tokenizer: Any) -> None:
    for form in (*PROGRESS_FORMS.values(), *HARM_FORMS.values()):
        for text in (form, " " + form):
            assert len(tokenizer(text, add_special_tokens=False)["input_ids"]) == 1


def test_texts_are_of_training_only_and_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    from forethought.worlds.errand import ErrandWorld

    splits, reset = [], ErrandWorld.reset

    def watched(world: ErrandWorld, **arguments: Any) -> Any:
        splits.append(world.split)
        return reset(world, **arguments)

    monkeypatch.setattr(ErrandWorld, "reset", watched)
    assert list(training_texts(["errand"], [1], 3)) == list(training_texts(["errand"], [1], 3))
    assert set(splits) == {"train"}
