"""Questions are counted as understood, answered rightly or declined; foreign ones ought to be declined."""

from __future__ import annotations

import pytest

from forethought.errors import BadSetting
from forethought.evaluation import ask
from forethought.evaluation.asking import FOREIGN
from forethought.evaluation.transitions import situation_seeds
from forethought.models import Heard, Model
from forethought.reports.tables import question_tables
from forethought.worlds import make


def knows(monkeypatch: pytest.MonkeyPatch, axis: str, n: int, wrong: int) -> None:
    """Questions about a place are understood but for the first ``wrong`` of ``n``; no other text is."""
    world, known = make("errand", split="test", axis=axis), dict[str, Heard]()
    for number, seed in enumerate(situation_seeds(n, 0)):
        question = world.question(seed)
        more = " It rains." if number < wrong else ""
        known[question.text] = Heard(question.desire, question.observation + more, question.options, 0.9)
    assert len(known) == n, "no two are alike"
    monkeypatch.setattr(Model, "hear", lambda self, texts: [known.get(t, Heard("", "", (), 0.0)) for t in texts])


def test_what_is_understood_is_answered_and_the_rest_declined(
    untrained: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    untrained.sure = 0.5
    knows(monkeypatch, "near_driven", 8, wrong=2)
    found = {r.metric: r for r in ask(untrained, axes=["near_driven"], n=8, arm="mine")}
    assert found["ask/understood"].value == 6 / 8 and found["ask/understood"].axis == "near_driven"
    assert found["ask/declined"].value == 0.0 and 0.0 <= found["ask/right"].value <= 1.0
    assert found["ask/foreign_declined"].value == 1.0 and found["ask/foreign_declined"].n == len(FOREIGN)
    (table,) = question_tables(list(found.values()), ["mine"])
    assert table.title == "errand" and [row.cells[0].value for row in table.rows] == ["75%", "-"]


def test_worlds_that_nobody_asks_about_have_no_records_and_untaught_models_say_so(untrained: Model) -> None:
    untrained.sure = None
    assert ask(untrained, worlds=["cliff"], n=2) == []
    with pytest.raises(BadSetting, match="never taught what questions are about"):
        ask(untrained, axes=[""], n=2)
