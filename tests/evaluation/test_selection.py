"""Who reports the best of several reports luck; a comparison says how much."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.test_comparison import ARMS, run, whole

from forethought.errors import BadSetting
from forethought.evaluation.comparison import claims, compared, consequences
from forethought.evaluation.results import load_results
from forethought.evaluation.selection import claim


def test_who_picks_the_best_claims_more_than_holds() -> None:
    rng = np.random.default_rng(2)
    made = []
    for _ in range(200):
        first = {str(k): rng.normal(0.5, 0.1, 3).tolist() for k in range(8)}
        fresh = {str(k): rng.normal(0.5, 0.1, 3).tolist() for k in range(8)}
        made.append(claim("x", first, fresh))
    assert np.mean([each.claimed for each in made]) > 0.55
    assert np.mean([each.held for each in made]) == pytest.approx(0.5, abs=0.02)
    with pytest.raises(BadSetting, match="expected the same"):
        claim("x", {"a": [1.0]}, {"b": [1.0]})


def test_a_claim_is_of_the_one_that_was_picked() -> None:
    made = claim("pairs", {"seed 0": [0.4], "seed 1": [0.8]}, {"seed 0": [0.5], "seed 1": [0.6]})
    assert (made.chosen, made.of, made.claimed, made.held, made.mean) == ("seed 1", 2, 0.8, 0.6, 0.55)
    assert "picking the best of 2 (seed 1) would have claimed 0.800; in fresh situations it gives 0.600" in made.words


def test_a_comparison_claims_for_seeds_and_metrics_where_runs_were_measured_afresh(tmp_path: Path) -> None:
    folders = whole(tmp_path, 3)
    assert claims(compared(ARMS, range(3), folders, {}).runs) == []
    for (arm, seed), folder in folders.items():
        again = run(tmp_path / "again" / folder.name, arm, seed + 100, 0.7)
        (again / "measured.json").rename(folder / "fresh.json")
    found = {each.what: each for each in claims(compared(ARMS, range(3), folders, {}).runs)}
    assert set(found) == {
        *(f"consequences foreseen by {arm}, over seeds" for arm in ARMS),
        "developmental above imitation, over metrics", "developmental above placebo, over metrics",
    }  # fmt: skip
    best = found["consequences foreseen by developmental, over seeds"]
    seen = [consequences(load_results(folders["developmental", s] / "measured.json")) for s in range(3)]
    assert best.of == 3 and best.claimed == max(each["probe/presence, things"] for each in seen) > 0.85 > best.held
    above = found["developmental above imitation, over metrics"]
    assert above.chosen == "probe/presence, things" and above.claimed > 0.15 > abs(above.held)
