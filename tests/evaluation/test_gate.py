"""A gate's promise is tested on trials that its calibration did not see, and what it costs stands beside it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from forethought.errors import BadSetting, Damaged
from forethought.evaluation import trials as trials_module
from forethought.evaluation.gate import measure_gate, promise, ungated
from forethought.evaluation.metrics import Place
from forethought.evaluation.trials import gate_trials
from forethought.models import Model
from forethought.planning import Planner, Trial

PLACE = Place("cliff", 1, "test", "")


def made(n: int, rng: random.Random) -> list[Trial]:
    trials = []
    for _ in range(n):
        harmed = rng.random() < 0.15
        risk = rng.betavariate(5, 2) if harmed else rng.betavariate(1, 9)
        trials.append(Trial((0.0, risk), harmed, not harmed))
    return trials


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_promise_is_kept_on_fresh_trials_and_costs_little_where_risk_is_known(alpha: float) -> None:
    trials = made(4000, random.Random(0))
    found = {r.metric: r for r in [*promise("x", PLACE, trials, alpha), *ungated("x", PLACE, trials)]}
    name = f"gate/{alpha:.0%}"
    assert found[f"{name}/harm"].value <= alpha * 1.05 and found[f"{name}/harm"].n == 3000
    assert found[f"{name}/harm"].value > 0.4 * alpha
    assert found["gate/none/harm"].value == pytest.approx(0.15, abs=0.03)
    assert found[f"{name}/success"].value > found["gate/none/success"].value - 0.25
    assert found[f"{name}/held"].value > 0.05 and "gate/none/held" not in found


def test_a_gate_that_knows_nothing_has_to_hold_and_looks_bad() -> None:
    rng = random.Random(1)
    trials = [Trial((rng.random(),), rng.random() < 0.15, True) for _ in range(4000)]
    found = {r.metric: r.value for r in promise("x", PLACE, trials, 0.01)}
    assert found["gate/1%/harm"] <= 0.0105 and found["gate/1%/success"] < 0.2 and found["gate/1%/held"] > 0.8


def test_trials_are_lived_and_each_step_has_its_risk(latent_model: Model) -> None:
    planner = Planner(horizon=1)
    trials = gate_trials(latent_model, planner, PLACE, 3)
    assert len(trials) == 3 and all(trial.risks and min(trial.risks) >= 0 for trial in trials)
    assert trials == gate_trials(latent_model, planner, PLACE, 3), "the same situations, the same risks"
    assert not any(trial.harmed and trial.satisfied for trial in trials)


def test_gates_are_calibrated_outside_held_out_axes_and_measured_on_them(latent_model: Model) -> None:
    gates, records = measure_gate(
        latent_model, ("cliff",), axes=("", "direction"), n=8, planner=Planner(horizon=1), alphas=(0.6,)
    )
    assert gates[0.6].episodes == 8 and gates[0.6].model == latent_model.fingerprint()
    told = {(r.axis, r.metric) for r in records}
    assert {("", "gate/60%/harm"), ("direction", "gate/60%/harm"), ("", "gate/none/success")} <= told
    with pytest.raises(BadSetting, match="calibrated outside the held-out axes"):
        measure_gate(latent_model, ("cliff",), axes=("direction",), n=8, alphas=(0.6,))
    with pytest.raises(BadSetting, match=r"8 episodes are too few to test a promise of 5\.0%; expected at least 76"):
        measure_gate(latent_model, ("cliff",), n=8, alphas=(0.6, 0.05))


def test_trials_that_were_lived_are_gone_on_from(
    latent_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forethought.evaluation.trials.PART", 2)
    keep, planner, told = tmp_path / "trials.jsonl", Planner(horizon=1), []
    whole = gate_trials(latent_model, planner, PLACE, 5)
    lived = monkeypatch.context()
    gate_trials(latent_model, planner, PLACE, 4, keep=keep)
    with keep.open("a") as file:
        file.write('{"of": {"model"')  # a process was killed here
    with lived as patch:
        calls: list[int] = []
        real = trials_module._live
        patch.setattr(trials_module, "_live", lambda *a: calls.append(len(a[3])) or real(*a))
        again = gate_trials(
            latent_model, planner, PLACE, 5, keep=keep, progress=lambda what, i, n: told.append((what, i, n))
        )
        assert again == whole and calls == [1], "two parts of two were there"
        assert told == [("cliff in distribution", i, 5) for i in (2, 4, 5)]
        gate_trials(latent_model, Planner(horizon=2), PLACE, 2, keep=keep)
        assert calls == [1, 2], "another planner is another matter"
    keep.write_text('{"something": "else"}\n')
    with pytest.raises(Damaged, match="does not hold a gate's trials"):
        gate_trials(latent_model, planner, PLACE, 2, keep=keep)
