"""Memorised and extrapolated shares of a run's models, with answers given by models that know everything or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from forethought.errors import BadSetting, Damaged
from forethought.evaluation import Record, foresight
from forethought.evaluation import shares as module
from forethought.evaluation.shares import EXTRAPOLATED, MEMORISED, NEW, TRAINED, figures, shares, validation
from forethought.models import Imagined, Model
from forethought.types import Harm, Progress

SURE = {Progress.ONGOING: (0.0, 0.0), Progress.SATISFIED: (1.0, 0.0), Progress.FAILED: (0.0, 1.0)}


class Oracle:
    """Foresees the outcomes whose action begins with what it knows."""

    class transcript:
        target = "change"

    def __init__(self, knows: str) -> None:
        self.knows = knows


def answers(model: Any, questions: Sequence[Any]) -> list[Imagined]:
    return [
        Imagined(q.step.change if q.step.action.startswith(model.knows) else "", *SURE[q.step.progress],
                 float(q.step.harm is Harm.HARMED))
        for q in questions
    ]  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, float]]:
    monkeypatch.setattr(foresight, "predict", answers)
    monkeypatch.setattr(module, "probes", lambda *rest: [])

    def ask(*knows: str, best: bool = False, world: str = "sums") -> dict[str, float]:
        found = shares([lambda know=know: Oracle(know) for know in knows], world, n=20)  # type: ignore[misc]
        assert len(validation(found)) == len(knows)
        return figures(found, best)

    return ask


def test_who_knows_the_codes_has_memorised_and_who_calculates_extrapolates(asked: Any) -> None:
    assert asked("look up") == {MEMORISED: 1.0, TRAINED: 0.0, NEW: 0.0, EXTRAPOLATED: 0.0}
    assert asked("work out") == {MEMORISED: 0.0, TRAINED: 1.0, NEW: 1.0, EXTRAPOLATED: 1.0}


def test_the_best_of_those_kept_is_told_beside_the_last(asked: Any) -> None:
    assert asked("work", "nothing") == {MEMORISED: 0.0, TRAINED: 0.0, NEW: 0.0, EXTRAPOLATED: 0.0}
    assert asked("work", "nothing", best=True)[EXTRAPOLATED] == 1.0
    assert asked("work out", "work", best=True) == asked("work out")


def test_a_world_without_lasting_outcomes_has_no_memorised_share(asked: Any) -> None:
    assert asked("", world="errand") == {TRAINED: 1.0, NEW: 1.0, EXTRAPOLATED: 1.0}


def test_hundreds_of_questions_stand_behind_each_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresight, "predict", answers)
    monkeypatch.setattr(module, "probes", lambda *rest: [])
    found = shares([lambda: Oracle("")], "sums", n=200)  # type: ignore[list-item, return-value]
    assert {record.n for record in found if record.split == "test"} == {200}
    assert {r.axis for r in found if r.split == "validation"} == {"carry", "length", "range", "order"}


def test_a_kept_model_without_a_number_is_damage() -> None:
    odd = Record("mine", "sums", "validation", "carry", "kept/x", 0.5, 0.5, 0.5, 9)
    with pytest.raises(Damaged, match="a record is of 'kept/x'; expected the number of a model"):
        validation([odd])


def test_nothing_to_ask_is_refused() -> None:
    with pytest.raises(BadSetting, match="expected at least one of each"):
        shares([], "sums")


def test_a_real_model_is_asked(untrained: Model) -> None:
    found = shares([lambda: untrained], "sums", n=2, arm="mine")
    assert {r.metric for r in found} >= {"kept/1", "exact", "lasting", "best/exact", "probe/digit"}
