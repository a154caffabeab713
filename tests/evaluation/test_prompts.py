"""Asking in several ways: every way in the same situations, twice, and what picking the best would have claimed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.test_comparison import ARMS, MADE, keep, whole

from forethought.errors import BadSetting
from forethought.evaluation import prompts as module
from forethought.evaluation.comparison import claims, compared
from forethought.evaluation.prompts import AFRESH, PROMPTS, SEEN, by_prompt, prompt_claim, prompts
from forethought.evaluation.transitions import Transition


def right_unless_a_task(model: Any, world: Any, asked: Sequence[Transition]) -> list[bool]:
    """Stands for a model that understands every desire but those put as a task."""
    return ["Your task" not in each.desire for each in asked]


def test_every_way_is_asked_in_the_same_situations_and_again_in_others(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[list[Transition]] = []

    def hear(model: Any, world: Any, asked: Sequence[Transition]) -> list[bool]:
        heard.append(list(asked))
        return right_unless_a_task(model, world, asked)

    monkeypatch.setattr(module, "exactly_right", hear)
    found = prompts(object(), axes=("", "things"), n=6, arm="mine")  # type: ignore[arg-type]
    assert len(found) == len(heard) == 2 * 2 * len(PROMPTS)
    plain, twice = heard[0], heard[1]
    assert [each.seed for each in plain] == [each.seed for each in twice]
    assert [each.desire for each in twice] == [f"{each.desire} {each.desire}" for each in plain]
    assert not {each.seed for each in plain} & {each.seed for each in heard[len(PROMPTS)]}, "others are asked afresh"
    means = by_prompt(found)
    assert set(means) == {SEEN, AFRESH} and means[SEEN]["as a task"] == 0.0 and means[AFRESH]["as it is"] == 1.0
    made = prompt_claim("mine", [means])
    assert (made.of, made.claimed, made.held, made.mean) == (len(PROMPTS), 1.0, 1.0, pytest.approx(0.8))


def test_a_way_has_to_say_where_the_desire_stands() -> None:
    with pytest.raises(BadSetting, match=r"expected texts with \{\} where the desire stands"):
        prompts(object(), ways={"rude": "Do it."})  # type: ignore[arg-type]


def test_a_comparison_claims_for_prompts_where_runs_were_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "exactly_right", right_unless_a_task)
    folders = whole(tmp_path, 2)
    for (arm, _), folder in folders.items():
        keep(folder / "prompts.json", prompts(object(), axes=("",), n=2, arm=arm), MADE)  # type: ignore[arg-type]
    found = {each.what: each for each in claims(compared(ARMS, range(2), folders, {}).runs)}
    assert set(found) == {f"consequences foreseen by {arm}, over prompts" for arm in ARMS}
