"""A comparison's page tells what its file tells, and an audit finds what does not follow from the records."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from tests.evaluation.test_comparison import ARMS, whole

from forethought import storage
from forethought.cli import main
from forethought.cli.sweep import save
from forethought.errors import Damaged
from forethought.evaluation import Record, save_results
from forethought.evaluation.comparison import FAILED_FILE, MEASURED, Comparison, compared
from forethought.reports import audit, figures, unchecked, write_comparison
from forethought.reports.comparison import tables
from forethought.training.arms import WAYS

SEEDS = (0, 1, 2, 3, 9)
"""The last one was not measured."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    whole(tmp_path, 4)
    for k, value in enumerate((0.4, 0.6)):
        tuned = Record("imitation", "errand", "validation", "", "exact", value, value, value, 9)
        save_results(tmp_path / f"tune-imitation-{k}" / MEASURED, [tuned], "made up")
        storage.write_json(tmp_path / f"tune-imitation-{k}" / "config.json", {"matrix_rate": (0.005, 0.01)[k]})
    tried = [{"settings": {}, "score": 0.4}, {"settings": {"matrix_rate": 0.01}, "score": 0.6}]
    storage.write_json(tmp_path / "tuning.json", {"imitation": {"chosen": tried[1]["settings"], "tried": tried}})
    conclude(tmp_path, {"placebo-9": "it <broke>"})
    return tmp_path


def conclude(folder: Path, failed: dict[str, str], seeds: Sequence[int] = SEEDS) -> Comparison:
    """Compares what lies there and keeps the result, as the command does."""
    asked = {(arm, seed): folder / f"{arm}-{seed}" for arm in ARMS for seed in seeds}
    found = compared(ARMS, seeds, asked, failed)
    storage.write_json(folder / FAILED_FILE, failed)
    save(folder, "compare.json", found.records("errand"), "made up", found.to_dict(), found.runs[0].made)
    return found


def test_the_page_tells_verdicts_figures_costs_and_what_is_missing(folder: Path) -> None:
    page = write_comparison(folder).read_text("utf-8")
    told = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    for verdict in storage.read_json(folder / "compare.json")["verdicts"]:
        assert verdict in told
    assert "3 arms in errand" in told and "12 runs: developmental, imitation, placebo; seeds 0, 1, 2, 3." in told
    assert "Missing: placebo, seed 9" in told and "it &lt;broke&gt;" in page
    assert page.count("data:image/svg+xml") == 6 and ">matrix_rate=0.01<" in page
    assert "http" not in re.sub(r"data:image[^\"]*|http://www.w3.org\S*", "", page), "it needs no network"


def test_the_page_tells_what_its_intervals_leave_out(folder: Path) -> None:
    page = write_comparison(folder).read_text("utf-8")
    assert "Even where 4 seeds agree, up to 60% of others may do otherwise." in page and "two camps" not in page
    found = storage.read_json(folder / "compare.json")
    for run in found["runs"]:
        run["figures"]["outcomes"] = 0.05 if (run["arm"], run["seed"]) == ("imitation", 2) else 0.95
    storage.write_json(folder / "compare.json", found)
    page = write_comparison(folder).read_text("utf-8")
    assert page.count("two camps") == 1
    assert "The seeds of imitation fall in two camps in outcomes: 3 near 95% and 1 near 5%." in page


def test_the_page_tells_what_the_search_for_settings_took(folder: Path) -> None:
    page = write_comparison(folder).read_text("utf-8")
    assert "2 short runs with a seed of their own, each on a part of the budget." in page
    found = storage.read_json(folder / "compare.json")
    of = {"seed": 10_000, "share": 0.5, "chosen": {}}
    weights = [{"settings": {"outcome_weight": weight}, "score": 0.1} for weight in (0.3, 3.0)]
    found["tuning"] = {
        arm: {**of, "tried": [{"settings": {}, "score": 0.4}, *more]}
        for arm, more in (("imitation", []), ("echo-sft", weights))
    }
    storage.write_json(folder / "compare.json", found)
    page = write_comparison(folder).read_text("utf-8")
    assert "were tried for every arm (for echo-sft 2 more), judged in validation situations: 4 short runs" in page
    assert "with seed 10000, each on 50% of a run&#39;s budget, in all 2 times that budget." in page


def test_long_names_of_arms_are_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(figures, "picture", lambda draw, words: drawn.append(draw))
    figures.arms([Record(arm, "errand", "test", "", "x", 0.5, 0.4, 0.6, 3, 3) for arm in WAYS], list(WAYS), "")
    axes = Figure(figsize=(6.4, 3.4)).add_subplot()
    drawn[0](axes, figures.LIGHT)
    assert all(label.get_window_extent().x0 >= 0 for label in axes.get_yticklabels())


def test_the_page_tells_how_many_seeds_each_mean_is_of(folder: Path) -> None:
    (folder / "placebo-3" / MEASURED).unlink()
    found = compared(ARMS, range(4), {(arm, s): folder / f"{arm}-{s}" for arm in ARMS for s in range(4)}, {})
    (row,) = [row for row in tables(found)[0].rows if row.labels == ("seeds",)]
    assert [cell.value for cell in row.cells] == ["4", "4", "3"]


def test_an_audit_passes_what_follows_and_names_what_does_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(folder) == [] and main(["report", "--audit", str(folder)]) == 0
    assert "every figure follows from the records" in capsys.readouterr().out
    found = storage.read_json(folder / "compare.json")
    found["records"][0]["value"] += 0.01
    found["differences"][1]["p"] = 0.001
    found["runs"][2]["flops"] = 6
    found["verdicts"][0] = "developmental is best."
    storage.write_json(folder / "compare.json", found)
    wrong = audit(folder)
    assert len(wrong) == 4 and any("flops is told as 6 and comes out as 5" in line for line in wrong)
    assert main(["report", "--audit", str(folder)]) == 1
    assert "4 figures do not follow from the records" in capsys.readouterr().out


def test_an_audit_without_the_records_fails(folder: Path) -> None:
    (folder / "imitation-1" / "measured.json").unlink()
    assert any("imitation, seed 1 is not there to recompute it from" in line for line in audit(folder))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda f: f["records"].pop(0), "figure developmental, held-out pair probes comes out"),
        (lambda f: f["differences"].pop(0), "difference developmental, imitation, held-out pair probes comes"),
        (lambda f: f["runs"].pop(1), "run developmental, 1 comes out and is not told"),
        (lambda f: f["seeds"].remove(1), "developmental-1 was measured and not asked for"),
        (lambda f: f["seeds"].append(5), "developmental, seed 5 is missing and is not told"),
        (lambda f: f.pop("seeds"), "seeds are not told: whether any was left out cannot be checked"),
        (lambda f: [f.pop(name) for name in ("arms", "seeds")], "arms are not told: whether any was left out"),
        (lambda f: f["runs"].append(f["runs"][0]), "run developmental, 0 is told twice"),
        (lambda f: f["runs"][0].update(seconds=1.0), "seconds is told as 1.0 and comes out as 90.0"),
        (lambda f: f["runs"][0]["initial"].update(weights="x"), "initial: weights is told as 'x'"),
        (lambda f: f["verdicts"].pop(0), "follows from the numbers and is not told"),
        (lambda f: f["tuning"]["imitation"]["tried"][0].update(score=0.9), "scores: 0 is told as 0.9"),
        (lambda f: f["tuning"]["imitation"].update(chosen={}), "{} is told as chosen and {'matrix_rate'"),
        (lambda f: f["tuning"]["imitation"].update(chosen={"matrix_rate": 9}), "as trained with matrix_rate 9"),
        (lambda f: f["tuning"]["imitation"]["tried"][0].update(settings={"x": 1}), "tuning (tuning.json): imitation"),
        (lambda f: f.update(tuning={}), "tuning of imitation was measured and is not told"),
        (lambda f: [each.update(world="street") for each in f["records"]], "world is told as 'street'"),
        (lambda f: f.update(commit="def"), "commit is told as 'def' and comes out as 'abc'"),
        (lambda f: f["versions"].update(torch="9"), "torch is told as '9' and comes out as '1'"),
        (lambda f: f["missing"].update({"imitation, seed 2": "it died"}), "seed 2 is told as missing, and was"),
        (lambda f: f["missing"].update({"imitation, seed 99": "it died"}), "seed 99 is told as missing, and was"),
        (lambda f: f["missing"].pop("placebo, seed 9"), "placebo, seed 9 is missing and is not told"),
        (lambda f: f["missing"].update({"placebo, seed 9": "it won"}), "9: why it is missing is told as 'it won'"),
        (lambda f: f["verdicts"].append(f["verdicts"][0]), "told more than once, or in another order"),
        (lambda f: f["verdicts"].reverse(), "told more than once, or in another order"),
        (lambda f: f.update(summary="99%"), "summary is told, and is no part of a comparison"),
    ],
)  # fmt: skip
def test_an_audit_finds_what_was_left_out_or_changed(edit: Callable[[Any], Any], said: str, folder: Path) -> None:
    found = storage.read_json(folder / "compare.json")
    edit(found)
    storage.write_json(folder / "compare.json", found)
    assert any(said in line for line in audit(folder)), audit(folder)


def test_an_audit_reads_the_page_too(folder: Path) -> None:
    page = write_comparison(folder)
    assert audit(folder) == []
    text = page.read_text("utf-8")
    page.write_text(text.replace("There is no evidence", "There is proof", 1).replace("90%", "99%", 1))
    wrong = audit(folder)
    assert len(wrong) == 4 and all(f"'forethought report {folder}' writes the page anew" in line for line in wrong)
    assert wrong[0].startswith("report.html shows ")


def test_an_audit_reads_the_page_in_order_with_its_pictures_and_styles(folder: Path) -> None:
    page = write_comparison(folder)
    text = page.read_text("utf-8")
    names = [f'<th scope="col" class="n">{arm}</th>' for arm in ("developmental", "imitation")]
    assert "".join(names) in "".join(text.split("\n")), "the headings stand side by side"
    for other in (
        text.replace(names[0], "@").replace(names[1], names[0]).replace("@", names[1]),
        text.replace("data:image/svg+xml;base64,", "data:image/svg+xml;base64,A", 1),
        text.replace("<style>", '<style>td::after{content:" (99%)"}', 1),
        text.replace("</header>", "<p>Written proof: developmental is best.</p></header>"),
        text.replace("<title>3 arms", "<title>99 arms"),
        text.replace("</header>", '<img alt="99%" src="data:,x"></header>'),
    ):
        assert other != text
        page.write_text(other, "utf-8")
        assert all(line.startswith("report.html ") for line in audit(folder)) and audit(folder)
    page.write_text(re.sub(r"Written [-0-9]+ [:0-9]+ UTC", "Written 2001-01-01 00:00 UTC", text), "utf-8")
    assert audit(folder) == [], "a page may be written at any time"


def test_a_run_that_is_told_as_damaged_is_no_reason_to_fail(folder: Path) -> None:
    (folder / "imitation-1" / MEASURED).write_text('{"records": [')
    found = conclude(folder, {"placebo-9": "it <broke>"})
    write_comparison(folder)
    assert "is not the JSON" in found.missing["imitation, seed 1"] and audit(folder) == []


def test_an_audit_says_what_it_has_nothing_to_check_by(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = {"tokens": 100, "flops": 5, "steps": 7, "update": 2}
    for path in folder.glob("[dip]*-?/summary.json"):
        storage.write_json(path, {**storage.read_json(path), "updates": 2})
        storage.write_text(path.with_name("metrics.jsonl"), json.dumps(log) + "\n")
    write_comparison(folder)
    assert audit(folder) == unchecked(folder) == []
    (folder / "imitation-1" / "metrics.jsonl").unlink()
    (folder / "report.html").unlink()
    assert main(["report", "--audit", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "1 of 12 runs spent, but for their budget: there is no metrics.jsonl of imitation-1." in told
    assert f"there is no report.html; 'forethought report {folder}' writes it" in told


def test_what_is_told_of_training_in_all_files_but_the_log_does_not_pass(folder: Path) -> None:
    run = folder / "developmental-0"
    storage.write_text(run / "metrics.jsonl", '{"tokens": 100, "flops": 5, "steps": 7, "update": 2}\n')
    storage.write_json(run / "summary.json", {**storage.read_json(run / "summary.json"), "updates": 2, "flops": 2})
    found = storage.read_json(folder / "compare.json")
    found["runs"][0]["flops"] = 2
    storage.write_json(folder / "compare.json", found)
    write_comparison(folder)
    assert "summary.json tells of 2 flops and metrics.jsonl of 5" in audit(folder)[0]


def test_a_result_is_audited_where_it_was_moved_to(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (folder / "imitation-1" / MEASURED).write_text('{"records": [')
    conclude(folder, {"placebo-9": f"{folder}/placebo-9/measured.log cannot be written"})
    write_comparison(folder)
    moved = tmp_path_factory.mktemp("moved") / "elsewhere"
    assert audit(shutil.copytree(folder, moved)) == []


def test_what_a_plan_asked_for_and_is_not_there_has_to_be_told(folder: Path) -> None:
    storage.write_json(folder / "plan.json", {"fresh": 2, "tune": 0})
    wrong = audit(folder)
    assert "imitation-1, fresh is missing and is not told" in wrong and len(wrong) == 24


@pytest.mark.parametrize(
    "edit",
    [
        lambda f: f["differences"][0].update(value="0.5"),
        lambda f: f.update(tuning=[]),
        lambda f: f["tuning"]["imitation"].pop("chosen"),
        lambda f: f.update(missing=[]),
        lambda f: f.update(verdicts=None),
        lambda f: f.update(versions="x"),
        lambda f: f["records"][0].update(value=float("nan")),
        lambda f: f["runs"][0].update(seed="0"),
    ],
)
def test_an_audit_of_what_is_of_another_kind_is_refused(edit: Callable[[Any], Any], folder: Path) -> None:
    write_comparison(folder)
    found = storage.read_json(folder / "compare.json")
    edit(found)
    (folder / "compare.json").write_text(json.dumps(found))
    with pytest.raises(Damaged, match=f"(compare.json|{folder.name}).*un the command that made it again"):
        audit(folder)


@pytest.mark.parametrize(
    ("name", "odd"),
    [("runs", 5), ("missing", "x"), ("claims", None), ("verdicts", {}), ("verdicts", 1), ("tuning", {"imitation": 5})],
)
def test_a_page_of_what_is_of_another_kind_is_refused(
    name: str, odd: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "compare.json").write_text(json.dumps({**storage.read_json(folder / "compare.json"), name: odd}))
    assert main(["report", str(folder)]) == 2
    assert "un the command that made it again" in capsys.readouterr().err and not (folder / "report.html").exists()


def test_an_arm_without_any_run_is_told_and_no_reason_to_fail(tmp_path: Path) -> None:
    whole(tmp_path, 3)
    for seed in range(3):
        shutil.rmtree(tmp_path / f"placebo-{seed}")
    found = conclude(tmp_path, {}, range(3))
    assert audit(tmp_path) == [] and "Nothing can be said about placebo" in found.verdicts[-1]


def test_what_is_no_comparison_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--audit", str(tmp_path)]) == 2
    assert "there is no config.json in it, and no compare.json or capacity.json" in capsys.readouterr().err
    storage.write_json(tmp_path / "compare.json", {"records": []})
    assert main(["report", str(tmp_path)]) == 2
    assert "is no comparison: it lacks runs" in capsys.readouterr().err


def test_a_result_with_a_part_missing_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = storage.read_json(folder / "compare.json")
    del found["runs"][0]["figures"]
    storage.write_json(folder / "compare.json", found)
    for words in (["report", str(folder)], ["report", "--audit", str(folder)]):
        assert main(words) == 2
        assert "it lacks figures of runs" in capsys.readouterr().err
