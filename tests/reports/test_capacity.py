"""A grid's page tells what its file tells, and an audit finds what does not follow from the records."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.test_capacity import SIZES, SKILLS, whole

from forethought import storage
from forethought.cli import main
from forethought.evaluation import Record, save_results
from forethought.evaluation.capacity import RESULT_FILE, Key, measured
from forethought.evaluation.comparison import MEASURED
from forethought.reports import audit_capacity, write_capacity
from forethought.reports.figures import share_axis


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = measured(whole(tmp_path, 3), tmp_path, {})
    for k, value in enumerate((0.4, 0.6)):
        record = Record("imitation", "sums", "validation", "carry", "kept/1", value, value, value, 9)
        save_results(tmp_path / "tune" / "sums" / "pico" / f"imitation-{k}" / MEASURED, [record], "made up")
    tried = [{"factor": 1.0, "score": 0.4}, {"factor": 0.5, "score": 0.6}]
    extra: dict[str, Any] = {
        **found.to_dict(), "missing": {"sums, pico, imitation, seed 9": "it <broke>"},
        "tuning": {"sums/pico/imitation": {"factor": 0.5, "tried": tried}},
    }  # fmt: skip
    save_results(tmp_path / RESULT_FILE, found.records(), "made up", extra)
    return tmp_path


def test_the_page_tells_ratios_curves_needs_costs_and_what_is_missing(folder: Path) -> None:
    page = write_capacity(folder).read_text("utf-8")
    told = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    for verdict in storage.read_json(folder / RESULT_FILE)["verdicts"]:
        assert verdict in told
    assert (
        "3 arms by size in sums" in told and "27 runs: developmental, imitation, static-mixed; seeds 0, 1, 2." in told
    )
    assert "Missing: sums, pico, imitation, seed 9" in told and "it &lt;broke&gt;" in page
    assert page.count("data:image/svg+xml") == 8 and "more than 1M" in told and "at most 50k" in told
    assert "from 1,000,000 up" not in told, "it only says again what lies beyond the grid"
    assert "What is memorised against what is extrapolated" in told and "Rates tried" in told
    assert "95% interval over 3 seeds." in told and "over 3 seeds; what they do not bound is left open" in told
    assert "the last one in 3 of 3 runs" in told and "sums, nano: extrapolated by imitation, over seeds" in told
    assert told.count("What picking the best checkpoint would have claimed") == 1
    assert "http" not in re.sub(r"data:image[^\"]*|http://www.w3.org\S*", "", page), "it needs no network"


def test_the_page_tells_what_its_intervals_leave_out_and_what_tuning_took(folder: Path) -> None:
    found = storage.read_json(folder / RESULT_FILE)
    found["tuning"]["sums/pico/imitation"] |= {"seed": 10_000, "share": 0.5}
    for run in found["runs"]:
        if (run["size"], run["arm"], run["seed"]) == ("nano", "imitation", 1):
            run["figures"] |= {"final/extrapolated": 0.99, "best/extrapolated": 0.99}
    storage.write_json(folder / RESULT_FILE, found)
    page = write_capacity(folder).read_text("utf-8")
    assert page.count("two camps") == 1
    assert "The seeds of imitation at nano in sums fall in two camps in extrapolated: 1 near 99%" in page
    assert "Even where 3 seeds agree, up to 71% of others may do otherwise." in page
    assert "2 short runs with seed 10000, each on 50% of a run&#39;s budget, in all 1 times that budget." in page


@pytest.mark.parametrize(("highest", "top"), [(0, 0.1), (0.08, 0.1), (0.12, 0.25), (0.3, 0.5), (0.51, 1), (1, 1)])
def test_an_axis_of_small_shares_ends_where_they_can_be_told_apart(highest: float, top: float) -> None:
    assert share_axis(highest) == pytest.approx((-0.02 * top, 1.06 * top))


def test_the_page_names_points_that_are_of_fewer_seeds(folder: Path) -> None:
    for seed in (0, 1):
        (folder / "sums" / "tiny" / f"developmental-{seed}" / MEASURED).unlink()
    keys = [Key("sums", size, arm, seed) for seed in range(3) for size in SIZES for arm in SKILLS]
    found = measured(keys, folder, {})
    save_results(folder / RESULT_FILE, found.records(), "made up", {**found.to_dict(), "tuning": {}})
    page = write_capacity(folder).read_text("utf-8")
    assert "Extrapolated by parameters: mean and 95% interval over 3 seeds (developmental at tiny: 1)." in page
    assert "Means over 3 seeds (developmental at tiny: 1)." in page


def test_an_audit_passes_what_follows_and_names_what_does_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit_capacity(folder) == [] and main(["report", "--audit", str(folder)]) == 0
    assert "every figure follows from the records" in capsys.readouterr().out
    found = storage.read_json(folder / RESULT_FILE)
    found["records"][0]["value"] += 0.01
    found["ratios"][0]["low"] = 9.9
    found["needed"][0]["parameters"] = 1.0
    found["runs"][2]["flops"] = 6
    found["runs"][3]["choice"] = 1.0
    found["verdicts"][0] = "developmental is best."
    storage.write_json(folder / RESULT_FILE, found)
    wrong = audit_capacity(folder)
    assert len(wrong) == 6 and any("flops is told as 6 and comes out as 5" in line for line in wrong)
    assert any(line.startswith("ratio sums, final/extrapolated: low is told as 9.9") for line in wrong)
    assert main(["report", "--audit", str(folder)]) == 1
    assert "6 figures do not follow from the records" in capsys.readouterr().out


def test_an_audit_finds_another_best_checkpoint_than_was_told(folder: Path) -> None:
    path = folder / "sums" / "nano" / "imitation-1" / MEASURED
    told = storage.read_json(path)
    records = [{**r, "value": 1.0} if r["metric"] == "kept/1" else r for r in told["records"]]
    storage.write_json(path, {**told, "records": records})
    wrong = audit_capacity(folder)
    name = "claim sums, nano: extrapolated by imitation, over checkpoints"
    assert any(line.startswith("run sums, nano, imitation, 1: best is told as 2 and comes out as 1") for line in wrong)
    assert any(line.startswith(f"{name}: chosen is told as 'the last one in 3 of 3 runs'") for line in wrong)
    assert any(line.startswith(f"{name}: claimed is told as ") for line in wrong)


def test_an_audit_finds_claims_that_do_not_follow(folder: Path) -> None:
    found = storage.read_json(folder / RESULT_FILE)
    found["checkpoints"][0]["held"] = 0.99
    found["claims"][0]["chosen"] = "seed 9"
    storage.write_json(folder / RESULT_FILE, {**found, "claims": found["claims"][:-1]})
    wrong = audit_capacity(folder)
    assert len(wrong) == 3 and "over checkpoints: held is told as 0.99" in " ".join(wrong)
    assert "over seeds: chosen is told as 'seed 9'" in " ".join(wrong) and "comes out and is not told" in wrong[1]


def test_an_audit_without_the_records_fails(folder: Path) -> None:
    (folder / "sums" / "nano" / "imitation-1" / MEASURED).unlink()
    assert any("sums, nano, imitation, seed 1 is not there" in line for line in audit_capacity(folder))


def test_an_audit_finds_what_was_left_out_and_what_was_not_tuned_so(folder: Path) -> None:
    found = storage.read_json(folder / RESULT_FILE)
    kept = [run for run in found["runs"] if (run["size"], run["arm"], run["seed"]) != ("nano", "imitation", 1)]
    storage.write_json(folder / RESULT_FILE, {**found, "runs": kept, "needed": found["needed"][1:]})
    wrong = audit_capacity(folder)
    assert "sums, nano, imitation, seed 1 is told neither as measured nor as missing" in wrong
    assert any(line.startswith("sums/nano/imitation-1 was measured and is not told") for line in wrong)
    assert any(line.startswith("needed sums, ") and "comes out and is not told" in line for line in wrong)
    found["tuning"]["sums/pico/imitation"]["factor"] = 1.0
    storage.write_json(folder / RESULT_FILE, found)
    assert audit_capacity(folder) == ["tuning of sums/pico/imitation: 1.0 is told as chosen and 0.5 comes out"]


def test_one_seed_of_one_size_has_a_page_too(tmp_path: Path) -> None:
    keys = [key for key in whole(tmp_path, 1) if key.size == "pico" or shutil.rmtree(tmp_path / key.path)]
    found = measured(keys, tmp_path, {})
    save_results(tmp_path / RESULT_FILE, found.records(), "made up", {**found.to_dict(), "tuning": {}})
    page = write_capacity(tmp_path).read_text("utf-8")
    assert "nothing can be said about parameters" in page and "interval over 1 seed." in page
    assert re.search(r"(\d+%) to \1", page) is None, "a single seed has no interval"
    assert audit_capacity(tmp_path) == []


def test_nothing_measured_yet_has_a_page_too(tmp_path: Path) -> None:
    found = measured([], tmp_path, {})
    save_results(tmp_path / RESULT_FILE, found.records(), "made up", {**found.to_dict(), "tuning": {}})
    assert "Nothing was measured." in write_capacity(tmp_path).read_text("utf-8")


def test_what_is_no_grid_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage.write_json(tmp_path / RESULT_FILE, {"records": []})
    assert main(["report", str(tmp_path)]) == 2
    assert "is no capacity grid" in capsys.readouterr().err
