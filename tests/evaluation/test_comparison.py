"""A comparison is of matched runs alone; what is missing is named; verdicts follow from the numbers."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forethought import storage
from forethought.errors import Unmatched
from forethought.evaluation import Record
from forethought.evaluation.checks import beside
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
MADE: dict[str, Any] = {"commit": "abc", "versions": {"torch": "1"}}


def record(metric: str, value: float, axis: str = "", arm: str = "x", world: str = "errand") -> Record:
    return Record(arm, world, "test", axis, metric, value, value, value, 50)


def run(folder: Path, arm: str, seed: int, skill: float, **changed: Any) -> Path:
    """A run as it lies in its folder, without having been trained."""
    rng = random.Random(f"{arm}{seed}")
    config = {"budget_tokens": 100, "worlds": ["errand"], "matrix_rate": 0.01, **changed.get("config", {})}
    where = {"arm": arm, "world": config["worlds"][0]}
    found = [record("probe/presence", skill + rng.gauss(0, 0.01), "things", **where)]
    found += [record("act/success", 0.5, **where), record("policy/success", 0.4 + rng.gauss(0, 0.05), **where)]
    made = {**MADE, "tokens": config["budget_tokens"], "flops": 5, "steps": 7, "parameters": 9}
    made |= {"initial": {"weights": f"w{seed}", "tokenizer": "t"}, **changed.get("summary", {})}
    keep(folder / MEASURED, found, made)
    storage.write_json(folder / "summary.json", made)
    storage.write_json(folder / "config.json", config)
    storage.write_text(folder / "timings.jsonl", '{"seconds": 60.0}\n{"seconds": 30.0}\n')
    return folder


def keep(path: Path, records: list[Record], made: dict[str, Any]) -> None:
    """Records as a measuring by that commit and these versions leaves them."""
    told = {"records": [each.to_dict() for each in records], "commit": made["commit"], "versions": made["versions"]}
    storage.write_json(path, told)


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    found = json.loads(path.read_text("utf-8"))
    change(found)
    path.write_text(json.dumps(found), "utf-8")


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


def others(path: Path) -> None:
    """Another run's records in the place of this one's."""
    shutil.copy(path.parent.parent / "developmental-0" / MEASURED, path)


def of_each(**parts: Any) -> Callable[[Path], None]:
    return lambda path: edit(path, lambda found: [each.update(parts) for each in found["records"]])


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (MEASURED, others, "holds records of 'developmental'; expected those of 'imitation'"),
        (MEASURED, of_each(world="cliff"), "holds records in 'cliff'; the run lived in errand"),
        (MEASURED, of_each(split="train"), "holds situations of train; expected those of test"),
        (MEASURED, of_each(n=1), "it lacks errand, things, probe/presence, 50"),
        (MEASURED, of_each(metric=5), "expected texts"),
        (MEASURED, lambda p: edit(p, lambda f: f.update(commit="def")), "was measured by {'commit': 'def'}"),
        (MEASURED, lambda p: edit(p, lambda f: f.update(versions={"torch": "2"})), "was measured by {'torch': '2'}"),
        (
            MEASURED,
            lambda p: edit(p, lambda f: f.update(command="eval --model x/imitation-2")),
            "was measured of x/imitation-2",
        ),
        (MEASURED, lambda p: edit(p, lambda f: f["records"].pop(0)), "it lacks errand, things, probe/presence, 50"),
        (MEASURED, lambda p: edit(p, lambda f: f["records"].append(f["records"][0])), "presence more than once"),
        (MEASURED, lambda p: (p.unlink(), p.mkdir()), "is no file"),
        ("summary.json", lambda p: edit(p, lambda f: f.update(tokens="100")), "holds tokens as '100'"),
        ("summary.json", lambda p: edit(p, lambda f: f.update(versions="x")), "holds versions as 'x'"),
        ("summary.json", lambda p: edit(p, lambda f: f.update(tokens=1000)), "1,000 tokens; expected 100 to 120"),
        ("summary.json", lambda p: edit(p, lambda f: f.update(tokens=99)), "99 tokens; expected 100 to 120"),
        ("config.json", lambda p: p.write_text("[]"), "holds no settings"),
        ("timings.jsonl", lambda p: p.write_text('{"x": 1}\n'), "line 1 tells no seconds"),
    ],
)
def test_records_that_are_not_the_runs_own_are_never_counted(
    name: str, change: Callable[[Path], Any], said: str, tmp_path: Path
) -> None:
    folders = whole(tmp_path, 3)
    change(folders["imitation", 1] / name)
    found = compared(ARMS, range(3), folders, {})
    assert list(found.missing) == ["imitation, seed 1"] and said in found.missing["imitation, seed 1"], found.missing
    assert len(found.of("imitation", PROBES)) == 2


def test_what_a_toy_run_overshoots_by_an_update_is_no_damage_and_what_its_log_denies_is(tmp_path: Path) -> None:
    folders = whole(tmp_path, 2)
    folder = folders["imitation", 1]
    edit(folder / "summary.json", lambda found: found.update(tokens=190))
    edit(folder / "summary.json", lambda found: found.update(updates=2))
    line = '{"tokens": %d, "flops": 5, "steps": 7, "update": %d}\n'
    (folder / "metrics.jsonl").write_text(line % (95, 1) + line % (190, 2))
    assert not compared(ARMS, range(2), folders, {}).missing
    edit(folder / "summary.json", lambda found: found.update(tokens=200))
    assert "tells of 200 tokens and metrics.jsonl of 190" in str(compared(ARMS, range(2), folders, {}).missing)


@pytest.mark.parametrize("name", ["tokens", "flops", "steps", "updates"])
def test_a_summary_that_its_log_denies_is_damage(name: str, tmp_path: Path) -> None:
    folders = whole(tmp_path, 2)
    told = {"tokens": 100, "flops": 5, "steps": 7, "updates": 2}
    log = {"tokens": 100, "flops": 5, "steps": 7, "update": 2}
    storage.write_text(folders["imitation", 1] / "metrics.jsonl", json.dumps(log) + "\n")
    edit(folders["imitation", 1] / "summary.json", lambda found: found.update(told))
    assert not compared(ARMS, range(2), folders, {}).missing
    edit(folders["imitation", 1] / "summary.json", lambda found: found.update({name: told[name] + 1}))
    assert f"tells of {told[name] + 1} {name} and" in compared(ARMS, range(2), folders, {}).missing["imitation, seed 1"]
    (folders["imitation", 1] / "metrics.jsonl").write_text("")
    assert "is empty; expected a line for each" in compared(ARMS, range(2), folders, {}).missing["imitation, seed 1"]


def test_seeds_of_one_arm_that_were_trained_with_different_settings_are_refused(tmp_path: Path) -> None:
    folders = whole(tmp_path, 2)
    run(folders["imitation", 1], "imitation", 1, 0.7, config={"matrix_rate": 0.02})
    with pytest.raises(Unmatched, match=r"imitation, seed 1, differ in matrix_rate: 0\.01 and 0\.02"):
        compared(ARMS, range(2), folders, {})


def test_what_should_lie_beside_runs_and_does_not_is_missing(tmp_path: Path) -> None:
    folders = whole(tmp_path, 2)
    names = [folder.name for folder in folders.values()]
    for folder in folders.values():
        shutil.copy(folder / MEASURED, folder / "fresh.json")
    (folders["imitation", 1] / "fresh.json").unlink()
    there = beside(tmp_path, names, ("imitation",), ("fresh.json",), 1)
    found = compared(ARMS, range(2), folders, {"imitation-1, fresh": "it broke"}, there)
    assert found.missing == {"tune-imitation-0": "not measured yet", "imitation-1, fresh": "it broke"}
    assert len(found.runs) == 6, "the run itself was measured"


def test_prompts_that_were_not_asked_afresh_are_damaged(tmp_path: Path) -> None:
    folders = whole(tmp_path, 2)
    keep(folders["imitation", 1] / "prompts.json", [record("prompt/twice", 0.5, arm="imitation")], MADE)
    told = compared(ARMS, range(2), folders, {}).missing["imitation, seed 1"]
    assert "prompts.json cannot be used: the ways ['twice'] were measured, and afresh []" in told


def test_arms_that_share_too_few_seeds_are_told(tmp_path: Path) -> None:
    folders = whole(tmp_path, 4)
    for arm, seed in [("developmental", 0), ("developmental", 1), ("imitation", 2), ("imitation", 3)]:
        (folders[arm, seed] / MEASURED).unlink()
    told = compared(ARMS, range(4), folders, {}).verdicts
    (line,) = [line for line in told if line.startswith("Nothing can be said")]
    assert line.startswith("Nothing can be said about developmental and imitation in held-out pair probes and success")
    assert line.endswith("fewer than two seeds were measured of both.")


def test_a_single_seed_has_no_narrow_interval(tmp_path: Path) -> None:
    found = compared(ARMS, range(1), whole(tmp_path, 1), {})
    assert {(each.low, each.high, each.seeds) for each in found.records("errand")} == {(0.0, 1.0, 1)}
