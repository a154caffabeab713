"""A comparison is of matched runs alone; what is missing is named; verdicts follow from the numbers."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from forethought import storage
from forethought.errors import Unmatched
from forethought.evaluation import Record, save_results
from forethought.evaluation.comparison import (
    ASKED,
    MEASURED,
    OUTCOMES,
    PLANNED,
    POLICY,
    PROBES,
    compared,
    figures,
    pairs,
)
from forethought.evaluation.statistics import BLIND

ARMS = ("developmental", "imitation", "placebo")


def record(metric: str, value: float, axis: str = "", arm: str = "x") -> Record:
    return Record(arm, "errand", "test", axis, metric, value, value, value, 50)


def run(folder: Path, arm: str, seed: int, skill: float, **changed: Any) -> Path:
    """A run as it lies in its folder, without having been trained."""
    rng = random.Random(f"{arm}{seed}")
    found = [record("probe/presence", skill + rng.gauss(0, 0.01), "things", arm), record("act/success", 0.5, "", arm)]
    save_results(folder / MEASURED, [*found, record("policy/success", 0.4 + rng.gauss(0, 0.05), "", arm)], "made up")
    made = {"commit": "abc", "versions": {"torch": "1"}, "tokens": 100, "flops": 5, "steps": 7, "parameters": 9}
    made |= {"initial": {"weights": f"w{seed}", "tokenizer": "t"}}
    storage.write_json(folder / "summary.json", {**made, **changed.get("summary", {})})
    storage.write_json(
        folder / "config.json", {"budget_tokens": 100, "worlds": ["errand"], **changed.get("config", {})}
    )
    storage.write_text(folder / "timings.jsonl", '{"seconds": 60.0}\n{"seconds": 30.0}\n')
    return folder


def whole(root: Path, seeds: int = 8) -> dict[tuple[str, int], Path]:
    skills = {"developmental": 0.9, "imitation": 0.7, "placebo": 0.7}
    return {
        (arm, seed): run(root / f"{arm}-{seed}", arm, seed, skill)
        for arm, skill in skills.items()
        for seed in range(seeds)
    }


def test_figures_are_means_over_places_of_the_models_own_records() -> None:
    found = figures([
        record("probe/a", 1.0, "things"), record("probe/b", 0.5, "wording"), record("probe/a", 0.2),
        record("exact", 0.7, "things"), record("policy/success", 0.6), record("policy/success", 0.4, "things"),
        record("probe/a", 0.0, "things", BLIND), record("probe_side/a", 0.0, "things"),
    ])  # fmt: skip
    assert found == {PROBES: 0.75, "pair probes": 0.2, OUTCOMES: 0.7, POLICY: 0.5}


def test_verdicts_follow_and_everything_is_counted(tmp_path: Path) -> None:
    found = compared(ARMS, range(8), whole(tmp_path), {})
    assert len(found.runs) == 24 and not found.missing and found.runs[0].seconds == 90.0
    assert len(found.differences) == len(pairs(ARMS)) * len(ASKED) == 9
    told = {(d.arm, d.other, d.metric): d for d in found.differences}
    assert told["developmental", "imitation", PROBES].p < 0.05 < told["placebo", "imitation", PROBES].p
    assert told["developmental", "imitation", PLANNED].p == 1.0
    assert "developmental is above imitation in held-out pair probes" in " ".join(found.verdicts)
    records = {(r.arm, r.metric): r for r in found.records("errand")}
    assert records["developmental", PROBES].seeds == 8 and 0.88 < records["developmental", PROBES].value < 0.92


def test_a_missing_seed_is_named_and_pairs_are_of_what_both_have(tmp_path: Path) -> None:
    folders = whole(tmp_path)
    (folders["imitation", 3] / MEASURED).unlink()
    (folders["placebo", 0] / MEASURED).unlink()
    found = compared(ARMS, range(8), folders, {"imitation-3": "it broke"})
    assert found.missing == {"imitation, seed 3": "it broke", "placebo, seed 0": "not measured yet"}
    seeds = {(d.arm, d.other): d.seeds for d in found.differences}
    assert seeds == {("developmental", "imitation"): 7, ("developmental", "placebo"): 7, ("placebo", "imitation"): 6}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (MEASURED, "", "is not the JSON that it should be"),
        (MEASURED, '{"records": []}', "holds no records; expected at least one"),
        ("fresh.json", "[]", "has no list of records"),
        ("summary.json", "{}", "lacks ['commit', 'versions'"),
        ("summary.json", None, "is missing though the run was measured"),
        ("config.json", None, "is missing though the run was measured"),
    ],
)
def test_a_damaged_run_is_missing_and_told_why(name: str, text: str | None, said: str, tmp_path: Path) -> None:
    folders = whole(tmp_path, 3)
    path = folders["imitation", 1] / name
    path.unlink(missing_ok=True)
    if text is not None:
        storage.write_text(path, text)
    found = compared(ARMS, range(3), folders, {})
    assert list(found.missing) == ["imitation, seed 1"] and len(found.runs) == 8
    assert said in found.missing["imitation, seed 1"] and str(path) in found.missing["imitation, seed 1"]


@pytest.mark.parametrize("value", [float("nan"), 7.0, "0.5", None, True])
def test_a_value_that_is_no_share_is_never_averaged(value: object, tmp_path: Path) -> None:
    folders = whole(tmp_path, 3)
    path = folders["imitation", 1] / MEASURED
    found = storage.read_json(path)
    found["records"][0]["value"] = value
    path.write_text(json.dumps(found))
    assert list(compared(ARMS, range(3), folders, {}).missing) == ["imitation, seed 1"]


def test_one_seed_says_nothing(tmp_path: Path) -> None:
    found = compared(ARMS, range(1), whole(tmp_path, 1), {})
    assert not found.differences and found.verdicts == [
        "Nothing can be said about developmental, imitation, placebo: fewer than two seeds were measured."
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"config": {"budget_tokens": 200}}, "differ in budget_tokens: 100 and 200"),
        ({"config": {"worlds": ["cliff"]}}, "differ in worlds"),
        ({"summary": {"initial": {"weights": "w9", "tokenizer": "t"}}}, "differ in what they began with"),
        ({"summary": {"initial": {"weights": "w1", "tokenizer": "u"}}}, "differ in what they began with"),
        ({"summary": {"commit": "def"}}, "differ in commit or versions"),
        ({"summary": {"versions": {"torch": "2"}}}, "differ in commit or versions: {'torch': '1'} and {'torch': '2'}"),
        ({"summary": {"parameters": 10}}, "differ in parameters: 9 and 10"),
        ({"config": {"arm": "placebo"}}, "holds the run of placebo with seed 1; expected imitation with seed 1"),
    ],
)
def test_runs_that_do_not_match_are_refused(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    folders = whole(tmp_path, 2)
    run(folders["imitation", 1], "imitation", 1, 0.7, **changed)
    with pytest.raises(Unmatched, match=re.escape(said)):
        compared(ARMS, range(2), folders, {})


def test_which_arms_are_compared_is_said_beforehand() -> None:
    assert pairs(["imitation", "static-mixed"]) == [("imitation", "static-mixed")], "the first with every other"
    assert pairs(["placebo", "imitation"]) == [("placebo", "imitation")] and pairs([]) == []
    assert pairs(ARMS) == [("developmental", "imitation"), ("developmental", "placebo"), ("placebo", "imitation")]
