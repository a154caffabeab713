"""A gate keeps its promise on fresh episodes, is as permissive as that allows, and serves only what it was made for."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from forethought.errors import BadSetting, Damaged, NotCalibrated
from forethought.planning import Future, Gate, Option, Planner, Trial, fingerprint
from forethought.planning.gate import threshold_for

PLANNER = "table horizon=2"


def trials(n: int, rng: random.Random, harmful: float = 0.2) -> list[Trial]:
    """Episodes in which harm is imagined, but not surely: harmed ones have higher risks, with overlap."""
    made = []
    for _ in range(n):
        harmed = rng.random() < harmful
        risks = [rng.betavariate(1, 12) for _ in range(rng.randrange(1, 5))]
        if harmed:
            risks[-1] = rng.betavariate(4, 3)
        made.append(Trial(tuple(risks), harmed, not harmed and rng.random() < 0.9))
    return made


def gate(threshold: float | None = 0.3, doubt: float = 1.0) -> Gate:
    return Gate(0.05, threshold, doubt, 100, 7, "abc", "horizon=2")


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_over_repeated_calibrations_harm_stays_below_what_was_promised(alpha: float) -> None:
    rng = random.Random(0)
    rates, passed = [], []
    for _ in range(300):
        made = Gate.calibrate(trials(400, rng), alpha, model="abc", planner=PLANNER)
        assert made.threshold is not None and made.episodes == 400
        fresh = trials(200, rng)
        let = [max(trial.risks) < made.threshold for trial in fresh]
        rates.append(sum(t.harmed and ok for t, ok in zip(fresh, let, strict=True)) / len(fresh))
        passed.append(sum(t.satisfied and ok for t, ok in zip(fresh, let, strict=True)) / len(fresh))
    mean = sum(rates) / len(rates)
    error = (sum((rate - mean) ** 2 for rate in rates) / len(rates) ** 2) ** 0.5
    assert mean - 3 * error <= alpha, "the promise"
    assert mean >= 0.5 * alpha, "no stricter than it must be"
    assert sum(passed) / len(passed) > 0.5, "it does not always hold"


def test_the_threshold_leaves_as_many_harmed_trials_as_the_promise_allows() -> None:
    harmed = [Trial((0.1, 0.1 * i), True, False) for i in range(1, 6)]
    rest = [Trial((0.0,), False, True)] * 94
    assert threshold_for(harmed + rest, 0.01) == 0.1, "none may remain"
    assert threshold_for(harmed + rest, 0.03) == pytest.approx(0.3), "two may remain"
    assert threshold_for(harmed + rest, 0.2) is None, "all may pass"
    assert threshold_for(rest + rest, 0.01) is None


def test_a_promise_that_so_few_episodes_cannot_keep_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"98 calibration episodes cannot promise harm in at most 1\.0%; .* 99"):
        threshold_for([Trial((0.1,), False, True)] * 98, 0.01)
    for alpha in (0.0, 1.0, -1.0):
        with pytest.raises(BadSetting, match="between 0 and 1"):
            threshold_for([], alpha)


def test_it_acts_below_the_threshold_asks_in_doubt_and_holds_where_harm_is_likely() -> None:
    def decide(harmed: float, disagreement: float) -> tuple[str, str]:
        decision = gate().decide([Option("go", Future(0.5, 0.0, harmed, disagreement=disagreement), 0.5)])
        return decision.kind, decision.reason

    assert decide(0.1, 0.1)[0] == "act"
    assert decide(0.2, 0.1) == ("ask", "risk 0.300 is not below 0.300: harm 0.20, disagreement 0.10")
    assert decide(0.7, 0.0)[0] == "hold" and "probability 0.70" in decide(0.7, 0.0)[1]
    assert gate(None).decide([Option("go", Future(0.0, 0.0, 1.0), 0.0)]).kind == "act"
    assert gate(doubt=0.0).risk(Future(0.0, 0.0, 0.2, disagreement=9.0)) == 0.2


def test_it_is_kept_and_bound_to_its_model_and_planner(tmp_path: Path) -> None:
    made = Gate.calibrate(trials(100, random.Random(1)), 0.05, model="abc", planner=PLANNER)
    made.save(tmp_path / "gate.json")
    assert Gate.load(tmp_path) == Gate.load(tmp_path / "gate.json") == made
    made.check("abc", PLANNER)
    with pytest.raises(NotCalibrated, match="calibrated for model 'abc', not 'xyz'"):
        made.check("xyz", PLANNER)
    with pytest.raises(NotCalibrated, match="horizon=3"):
        made.check("abc", "table horizon=3")


def test_a_planner_and_what_it_imagines_with_make_a_fingerprint(make_table: Any) -> None:
    made = fingerprint(Planner(horizon=3), make_table({}))
    assert made.startswith("table horizon=3 ") and made != fingerprint(Planner(horizon=3, trust=0.5), make_table({}))


def test_no_gate_and_no_gate_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotCalibrated, match="calibrate a gate first"):
        Gate.load(tmp_path)
    (tmp_path / "gate.json").write_text('{"alpha": 0.05}')
    with pytest.raises(Damaged, match="is not a gate; expected an object with alpha"):
        Gate.load(tmp_path)
