"""The suite tells knowing from guessing, and names what it was asked about."""

from typing import Any

import pytest

from forethought.errors import BadSetting, UnknownName
from forethought.evaluation import BLIND, METRICS, Record, Skipped, evaluate, meaning
from forethought.evaluation.metrics import Place, places
from forethought.evaluation.suites import HORIZON, probe_pairs
from forethought.evaluation.transitions import trajectories, transitions
from forethought.models import Model
from forethought.types import Step


def by_metric(records: list[Record], arm: str = "mine", axis: str = "") -> dict[str, Record]:
    return {record.metric: record for record in records if (record.arm, record.axis) == (arm, axis)}


@pytest.fixture(autouse=True)
def _quick(brief: Any) -> None:
    """Few lessons for the constant answers."""


def teach_everything(model: Any, world: str, axis: str, n: int) -> None:
    place = Place(world, 1, "test", axis)
    model.teach_all(transitions(world, axis=axis, n=n))
    for name in place.make().probes:
        model.teach_all([side for pair in probe_pairs(place, name, n, 0) for side in (pair.left, pair.right)])
    for lived in trajectories(world, axis=axis, n=n, length=HORIZON):
        model.teach(lived.desire, lived.observation, lived.steps)


@pytest.mark.parametrize(("world", "axis"), [("errand", "near_driven"), ("cliff", ""), ("street", "names")])
def test_who_knows_every_outcome_is_right_throughout(knowing: Any, world: str, axis: str) -> None:
    teach_everything(knowing, world, axis, 12)
    found = by_metric(evaluate(knowing, (world,), axes=(axis,), n=12, arm="mine"), axis=axis)
    assert {metric for metric, record in found.items() if record.value == 0.0} == {f"horizon/{h}" for h in (1, 2, 3, 4)}
    assert {record.value for metric, record in found.items() if not metric.startswith("horizon")} == {1.0}
    assert found["exact"].n == 12


def test_who_says_the_same_of_both_sides_scores_as_the_blind_do_in_probes(knowing: Any) -> None:
    place = Place("errand", 1, "test", "")
    for name in ("presence", "acceptance", "welcome", "near_driven"):
        for pair in probe_pairs(place, name, 10, 0):
            for side in (pair.left, pair.right):
                steps = (*side.history, side.step)
                knowing.teach(side.desire, side.observation, steps, (*side.history, pair.left.step))
    records = evaluate(knowing, axes=("",), n=10, arm="mine", parts=("probes",))
    mine, blind = by_metric(records), by_metric(records, BLIND)
    assert mine.keys() == blind.keys() == {f"{kind}/{p}" for kind in ("probe", "probe_side") for p in
                                           ("presence", "acceptance", "welcome", "near_driven")}  # fmt: skip
    for metric, record in mine.items():
        assert record.value == blind[metric].value == (0.5 if metric.startswith("probe_side") else 0.0)


def test_constant_answers_stand_beside_the_model_on_the_same_transitions(knowing: Any) -> None:
    records = evaluate(knowing, axes=("",), n=30, arm="mine", parts=("outcomes",))
    mine, blind = by_metric(records), by_metric(records, BLIND)
    assert mine["exact"].n == blind["exact"].n == 30
    assert blind["exact"].value < 0.5 and blind["exact_text"].value <= blind["exact"].value
    assert blind["harm_accuracy"].value == 1.0, "nothing harms at this level, and the constant answer knows it"


def test_a_wrong_verdict_spoils_exactness_and_agreement_but_not_the_facts(knowing: Any) -> None:
    for q in transitions("errand", n=20):
        wrong = Step(q.step.action, q.step.change, q.step.outcome)
        knowing.teach(q.desire, q.observation, (*q.history, q.step), (*q.history, wrong))
    satisfied = sum(q.step.progress == "satisfied" for q in transitions("errand", n=20))
    found = by_metric(evaluate(knowing, axes=("",), n=20, arm="mine", parts=("outcomes",)))
    assert found["facts_f1"].value == 1.0 and satisfied > 0
    expected = pytest.approx((20 - satisfied) / 20)
    assert found["exact"].value == found["progress_accuracy"].value == expected
    assert found["agreement/verdicts_given_facts"].value == expected
    assert found["agreement/facts_given_verdicts"].value == 1.0


def test_saying_nothing_is_not_the_answer_that_nothing_changes(knowing: Any) -> None:
    assert any(q.step.change == "Nothing changes." for q in transitions("street", n=100))
    for q in transitions("street", n=100):
        silent = Step(q.step.action, "", "", q.step.progress, q.step.harm)
        knowing.teach(q.desire, q.observation, (*q.history, q.step), (*q.history, silent))
    found = by_metric(evaluate(knowing, ("street",), axes=("",), n=100, arm="mine", parts=("outcomes",)))
    assert found["exact"].value == 0.0


def test_further_steps_are_imagined_upon_the_models_own_outcomes(knowing: Any) -> None:
    knowing.asked.clear()
    (lived,) = trajectories("errand", n=1, length=HORIZON)
    answer = Step("", "The goat is at the moon.", "")
    knowing.teach(lived.desire, lived.observation, lived.steps, [answer] * HORIZON)
    records = by_metric(evaluate(knowing, axes=("",), n=1, arm="mine", parts=("horizon",)))
    contexts = [context for context, _ in knowing.asked]
    assert [context.count("The goat is at the moon.") for context in contexts] == [0, 1, 2, 3]
    assert not any(lived.steps[0].change in context for context in contexts[1:])
    assert [action for _, action in knowing.asked] == [step.action for step in lived.steps]
    assert [records[f"horizon/{h}"].value for h in (1, 2, 3, 4)] == [1.0] * 4


def test_an_untrained_model_goes_through_the_whole_suite(untrained: Model) -> None:
    told: list[tuple[int, int]] = []
    records = evaluate(
        untrained, "street", axes=("", "names"), n=2, arm="mine", progress=lambda _, *at: told.append(at)
    )
    assert told == [(i, 6) for i in range(1, 7)]
    assert {record.axis for record in records} == {"", "names"}
    assert all(record.low <= record.value <= record.high and meaning(record.metric) for record in records)


def test_an_axis_that_a_level_lacks_is_left_out_and_said() -> None:
    with pytest.warns(Skipped, match="'delay' of world 'street' needs a guard"):
        found = places(("street",), 1, "test", None)
    assert "delay" not in {place.axis for place in found} and len(found) == 5
    assert "delay" in {place.axis for place in places(("street",), 3, "test", None)}


def test_an_axis_of_one_world_is_asked_of_that_world_alone() -> None:
    found = places(("errand", "cliff"), 1, "test", ("near_driven", "wording"))
    assert [(p.world, p.axis) for p in found] == [
        ("errand", "near_driven"),
        ("errand", "wording"),
        ("cliff", "wording"),
    ]
    assert places("errand", 1, "train", None) == [Place("errand", 1, "train", "")]


def test_unknown_names_are_answered_with_the_nearest(untrained: Model) -> None:
    for settings, guess in (
        ({"worlds": ("erand",)}, "errand"),
        ({"axes": ("near_drive",)}, "near_driven"),
        ({"split": "tests"}, "test"),
        ({"parts": ("probe",)}, "probes"),
    ):
        with pytest.raises(UnknownName, match=f"did you mean '{guess}'"):
            evaluate(untrained, **settings)
    with pytest.raises(BadSetting, match="expected 1 to 4"):
        evaluate(untrained, level=9)
    with pytest.raises(BadSetting, match="held out"):
        evaluate(untrained, split="train", axes=("wording",))


def test_every_metric_has_a_meaning() -> None:
    assert meaning("probe/presence") is METRICS["probe"] and not meaning("horizon/2").more_is_better
    with pytest.raises(UnknownName, match="did you mean 'exact'"):
        meaning("exac")
