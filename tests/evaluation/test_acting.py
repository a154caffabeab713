"""Acting is measured with sealed worlds, and the model's own prior is scored exactly."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from forethought.errors import BadSetting, Sealed
from forethought.evaluation import Record, act
from forethought.evaluation.acting import best_costs, likeliest
from forethought.evaluation.metrics import Place
from forethought.evaluation.statistics import CUSTOM, RANDOM
from forethought.models import Model
from forethought.planning import Planner, Situation
from forethought.transcript import Role
from forethought.worlds import World, make


def situations(model: Model, many: int = 3) -> list[Situation]:
    found = []
    for seed in range(many):
        observation, info = make("errand").reset(seed=seed)
        opening = model.transcript.opening(info["desire"], observation)
        found.append(Situation(opening, info["candidates"][: 2 + seed]))
    return found


def preferences(model: Model, asked: Sequence[Situation], rows: int = 256) -> list[list[float]]:
    return model.preferences([s.context for s in asked], [s.candidates for s in asked], rows)


def likelihood_by_hand(model: Model, situation: Situation, action: str) -> float:
    """The sum of the log-probabilities of the action and its end, read in one go."""
    start = len(situation.context)
    acted = model.transcript.action(action)
    end = start + sum(role == Role.ACTION for role in acted.roles)
    ids = torch.tensor([situation.context.ids + acted.ids])
    with torch.inference_mode():
        logs = model.lm(input_ids=ids).logits[0].float().log_softmax(-1)
    return sum(float(logs[at - 1, ids[0, at]]) for at in range(start, end))


@pytest.mark.parametrize("architecture", ["llama", "mamba2"])
def test_candidates_are_scored_as_if_each_were_read_alone(untrained: Model, architecture: Any) -> None:
    model = Model.from_scratch("nano", tokenizer=untrained.tokenizer, architecture=architecture)
    asked = situations(model)
    expected = [[likelihood_by_hand(model, s, action) for action in s.candidates] for s in asked]
    for rows in (256, 3):
        for mine, theirs in zip(preferences(model, asked, rows), expected, strict=True):
            assert mine == pytest.approx(theirs, abs=1e-3)


def test_the_policy_takes_the_likeliest_candidate(untrained: Model) -> None:
    asked = situations(untrained)
    chosen = likeliest(untrained)(asked, None)  # type: ignore[arg-type]
    for situation, scores, action in zip(asked, preferences(untrained, asked), chosen, strict=True):
        assert action == max(zip(scores, situation.candidates, strict=True))[1]
    with pytest.raises(BadSetting, match="no candidate actions"):
        likeliest(untrained)([Situation(asked[0].context, ())], None)  # type: ignore[arg-type]


def by_arm(records: Sequence[Record]) -> dict[tuple[str, str], Record]:
    return {(record.arm, record.metric): record for record in records}


def test_acting_is_measured_beside_chance_custom_and_the_best_plan(untrained: Model) -> None:
    found = by_arm(act(untrained, axes=("",), n=12, planner=Planner(horizon=1), arm="mine"))
    for arm, way in (("mine", "act"), ("mine", "policy"), (RANDOM, "act"), (CUSTOM, "act")):
        assert found[arm, f"{way}/success"].n == 12
        assert found[arm, f"{way}/harm"].value == 0.0
    assert found[CUSTOM, "act/success"].value == 1.0
    assert found[CUSTOM, "act/steps"].value < found[RANDOM, "act/steps"].value
    assert all(record.value >= 1.0 for (_, metric), record in found.items() if metric.endswith("cost_ratio"))


def test_the_best_plans_cost_is_what_it_really_spends() -> None:
    costs = best_costs(Place("errand", 1, "test", "near_driven"), range(4))
    for seed, cost in costs.items():
        world = make("errand", split="test", axis="near_driven")
        world.reset(seed=seed)
        show, spent, over = world.demonstrator("best"), 0.0, False
        while not over:
            _, _, over, _, info = world.step(show())
            spent += sum(amount for _, amount in info["cost"])
        assert spent == cost
    assert len(costs) == 4


def test_while_the_model_acts_no_world_tells_more_than_its_text(
    untrained: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[World] = []
    peeked: list[bool] = []
    make_one = Place.make

    def remembered(place: Place) -> World:
        made.append(make_one(place))
        return made[-1]

    class Peeking(Planner):
        def options(self, model: Model, situations: Sequence[Situation], generator: Any = None) -> Any:
            for peek in (made[-1].facts, made[-1].fork, made[-1].demonstrator):
                with pytest.raises(Sealed):
                    peek()
                peeked.append(True)
            return super().options(model, situations, generator)

    monkeypatch.setattr(Place, "make", remembered)
    act(untrained, axes=("",), n=1, planner=Peeking(horizon=1))
    assert peeked
