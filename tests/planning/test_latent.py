"""Imagination without words: many situations at once as each alone, and actions from the model's own pool."""

from __future__ import annotations

import pytest
import torch

from forethought.errors import BadSetting
from forethought.models import Model
from forethought.planning import LatentDynamics, Planner, Situation

DESIRE, SEEN = "Get the car washed.", "You are at home. The car is at home."
CANDIDATES = ("walk to the car wash", "drive the car to the car wash", "wait")


def _situation(model: Model, seen: str = SEEN, *more: str) -> Situation:
    return Situation(model.transcript.opening(DESIRE, seen), CANDIDATES, known=more)


def test_without_a_latent_part_there_is_nothing_to_imagine_in(model: Model) -> None:
    with pytest.raises(BadSetting, match="no latent dynamics; imagine in words"):
        LatentDynamics(Model(model.lm, model.tokenizer))


def test_many_states_are_imagined_as_each_alone(model: Model) -> None:
    here, there = _situation(model), _situation(model, "You are at the car wash. The car is at home.")
    dynamics = LatentDynamics(model)
    one, other = dynamics.begin([here, there])
    (first, second), (third,) = dynamics.imagine([one, other], [CANDIDATES[:2], CANDIDATES[2:]])
    later = dynamics.imagine([first.state, third.state, second.state], [CANDIDATES[:1], (), CANDIDATES])
    alone = LatentDynamics(model)
    (single,) = alone.begin([there])
    assert alone.imagine([single], [CANDIDATES[2:]])[0][0].reach == pytest.approx(third.reach, abs=1e-5)
    again = dynamics.imagine([second.state], [CANDIDATES])[0]
    assert [f.satisfied for f in later[2]] == pytest.approx([f.satisfied for f in again], abs=1e-5)
    assert later[1] == [] and len(later[0]) == 1
    assert all(0 <= f.satisfied + f.failed <= 1.001 and f.cost >= 0 and f.disagreement > 0 for f in again)


def test_imagined_states_choose_among_all_that_may_make_sense(model: Model) -> None:
    dynamics = LatentDynamics(model)
    (state,) = dynamics.begin([_situation(model, SEEN, "ask for the car to be washed")])
    ((future,),) = dynamics.imagine([state], [CANDIDATES[:1]])
    (pool,) = dynamics.propose([future.state], 100)
    assert {*CANDIDATES, "ask for the car to be washed"} <= set(pool)
    (few,) = dynamics.propose([future.state], 2)
    assert few == pool[:2]


def test_it_plans_and_needs_no_words(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_words(*_: object, **__: object) -> None:
        raise AssertionError("an outcome was written out")

    monkeypatch.setattr(Model, "imagine", no_words)
    with torch.no_grad():  # what follows is worth a look: nothing ends an episode
        readings = model.require_latent().readings.bias
        readings.copy_(torch.tensor([9.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0])[: len(readings)])
    with torch.inference_mode():
        (options,) = Planner(horizon=3, budget=60).options(LatentDynamics(model), [_situation(model)])
    assert {option.action for option in options} == set(CANDIDATES)
    assert any(len(option.path) == 3 for option in options)


def test_without_candidates_the_model_proposes(model: Model) -> None:
    situation = Situation(model.transcript.opening(DESIRE, SEEN), ())
    (options,) = Planner(horizon=1).options(LatentDynamics(model), [situation], torch.Generator().manual_seed(0))
    assert options and all(option.action for option in options)
