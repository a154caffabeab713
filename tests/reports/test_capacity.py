"""A grid's page tells what its file tells, and an audit finds what does not follow from the records."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.test_capacity import RATES, SIZES, SKILLS, whole

from forethought import storage
from forethought.cli import main
from forethought.cli.sweep import save
from forethought.evaluation import Record, save_results
from forethought.evaluation.capacity import RESULT_FILE, grid_of, measured
from forethought.evaluation.comparison import FAILED_FILE, MEASURED
from forethought.reports import audit_capacity, unchecked, write_capacity
from forethought.reports.figures import share_axis


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seed 9 was not measured; of two rates, pico by imitation took the lower."""
    whole(tmp_path, 3)
    tried = []
    for k, (factor, value) in enumerate(((1.0, 0.4), (0.5, 0.6))):
        record = Record("imitation", "sums", "validation", "carry", "kept/1", value, value, value, 9)
        path = tmp_path / "tune" / "sums" / "pico" / f"imitation-{k}"
        save_results(path / MEASURED, [record], "made up")
        storage.write_json(path / "config.json", {name: 2 * factor * rate for name, rate in RATES.items()})
        tried.append({"factor": factor, "score": value})
    storage.write_json(tmp_path / "tuning.json", {"sums/pico/imitation": {"factor": 0.5, "tried": tried}})
    conclude(tmp_path, (0, 1, 2, 9), {"sums/pico/imitation-9": "it <broke>"})
    return tmp_path


def conclude(folder: Path, seeds: Sequence[int], failed: Mapping[str, str] = {}, sizes: Iterable[str] = SIZES) -> None:
    """Reads off what lies there and keeps the result, as the command does."""
    found = measured(grid_of(["sums"], list(sizes), list(SKILLS), seeds), folder, failed)
    storage.write_json(folder / FAILED_FILE, dict(failed))
    made = next(run.made for run in found.runs.values())
    save(folder, RESULT_FILE, found.records(), "made up", found.to_dict(), made)


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
    conclude(folder, range(3))
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


GONE = "sums, pico, imitation, seed 9"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda f: f["runs"].pop(0), "run sums, pico, developmental, 0 comes out and is not told"),
        (
            lambda f: f["needed"].pop(0),
            "needed sums, developmental, final/extrapolated, 0.25 comes out and is not told",
        ),
        (lambda f: f["tuning"]["sums/pico/imitation"].update(factor=1.0), "1.0 is told as chosen and 0.5 comes out"),
        (lambda f: f["seeds"].remove(1), "sums/nano/imitation-1 was measured and not asked for"),
        (lambda f: f["seeds"].append(3), "sums, tiny, imitation, seed 3 is missing and is not told"),
        (lambda f: f.pop("seeds"), "seeds are not told, and others that were asked for are"),
        (lambda f: f["missing"].clear(), f"{GONE} is missing and is not told"),
        (lambda f: f["missing"].update({"tune/any": "99%"}), "tune/any is told as missing, and was measured or not"),
        (lambda f: f["missing"].update({GONE: "it won"}), f"{GONE}: why it is missing is told as 'it won' and comes"),
        (lambda f: f.update(commit="def"), "commit is told as 'def' and comes out as 'abc'"),
        (lambda f: f["versions"].update(torch="9"), "torch is told as '9' and comes out as '1'"),
        (lambda f: f.pop("versions"), "torch is told as None and comes out as '1'"),
        (lambda f: f.update(headline_ratio=12.0), "headline_ratio is told, and is no part of a capacity grid"),
    ],
)
def test_an_audit_finds_what_was_left_out_or_changed(edit: Callable[[Any], Any], said: str, folder: Path) -> None:
    found = storage.read_json(folder / RESULT_FILE)
    edit(found)
    storage.write_json(folder / RESULT_FILE, found)
    write_capacity(folder)
    assert any(said in line for line in audit_capacity(folder)), audit_capacity(folder)


def relabel(folder: Path, *factors: float) -> list[str]:
    """Other factors told, in tuning's file and in the result alike, the last one as chosen; what an audit says."""
    for name in ("tuning.json", RESULT_FILE):
        found = storage.read_json(folder / name)
        search = found.get("tuning", found)["sums/pico/imitation"]
        for each, factor in zip(search["tried"], factors, strict=True):
            each["factor"] = factor
        search["factor"] = factors[-1]
        storage.write_json(folder / name, found)
    write_capacity(folder)
    return audit_capacity(folder)


def test_an_audit_holds_the_factors_told_against_the_rates_trained_with(folder: Path) -> None:
    wrong = relabel(folder, 1.0, 0.25)
    assert "imitation-1: the factor of its learning_rate is told as 0.25 and comes out as 0.5" in wrong
    assert "sums, pico, imitation, seed 2: the factor of its matrix_rate is told as 0.25 and comes out as 0.5" in wrong
    assert any(line.startswith("imitation-0: the factor of its") for line in relabel(folder, 2.0, 1.0))
    assert relabel(folder, 1.0, 0.5) == []
    (folder / "tune" / "sums" / "pico" / "imitation-1" / "config.json").unlink()
    assert "comes out as None" in " ".join(audit_capacity(folder))


def test_rates_are_held_against_the_next_run_where_the_first_was_not_measured(folder: Path) -> None:
    shutil.rmtree(folder / "tune" / "sums" / "pico" / "imitation-0")
    for name in ("tuning.json", RESULT_FILE):
        found = storage.read_json(folder / name)
        found.get("tuning", found)["sums/pico/imitation"]["tried"].pop(0)
        storage.write_json(folder / name, found)
    assert audit_capacity(folder) == []
    path = folder / "sums" / "pico" / "imitation-0" / "config.json"
    for seed in range(3):
        path = folder / "sums" / "pico" / f"imitation-{seed}" / "config.json"
        storage.write_json(path, {**storage.read_json(path), "matrix_rate": 0.01})
    assert "factor of its matrix_rate is told as 0.5 and comes out as 1.0" in " ".join(audit_capacity(folder))


def test_short_runs_that_the_plan_asks_for_have_to_be_told(folder: Path) -> None:
    storage.write_json(folder / "plan.json", {"tune": 1})
    assert "tune/sums/tiny/developmental-0 is missing and is not told" in audit_capacity(folder)


def test_an_audit_says_what_it_has_nothing_to_check_by(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = storage.read_json(folder / RESULT_FILE)
    left = {name: told for name, told in found.items() if name not in ("worlds", "sizes", "arms", "seeds")}
    storage.write_json(folder / RESULT_FILE, left)
    assert main(["report", "--audit", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "Not checked: a page: there is no report.html" in told
    assert (
        "Not checked: what 27 of 27 runs spent, but for their budget: there is no metrics.jsonl of sums/nano/" in told
    )
    assert "Not checked: whether whole worlds, sizes, arms, seeds were left out: capacity.json does not tell" in told
    storage.write_json(folder / RESULT_FILE, found)
    for key in grid_of(["sums"], list(SIZES), list(SKILLS), range(3)):
        storage.write_text(folder / key.path / "metrics.jsonl", "")
    write_capacity(folder)
    assert unchecked(folder) == []


def test_a_damaged_record_is_of_a_missing_run(folder: Path) -> None:
    path = folder / "sums" / "pico" / "imitation-1" / MEASURED
    path.write_text(path.read_text().replace("kept/1", "kept/x"))
    conclude(folder, (0, 1, 2, 9), {"sums/pico/imitation-9": "it <broke>"})
    why = storage.read_json(folder / RESULT_FILE)["missing"]["sums, pico, imitation, seed 1"]
    assert "a record is of 'kept/x'; expected the number of a model" in why and audit_capacity(folder) == []


@pytest.mark.parametrize("name", ["capacity.json", "compare.json", "report.html"])
def test_a_folder_in_the_place_of_a_file_is_refused(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    if name == "compare.json":
        (folder / RESULT_FILE).unlink()
    for words in (["report", str(folder)], ["report", "--audit", str(folder)]):
        assert main(words) == 2
        assert name in capsys.readouterr().err


def test_one_seed_of_one_size_has_a_page_too(tmp_path: Path) -> None:
    for key in whole(tmp_path, 1):
        key.size == "pico" or shutil.rmtree(tmp_path / key.path)
    conclude(tmp_path, range(1), sizes=["pico"])
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
