"""A comparison's page tells what its file tells, and an audit finds what does not follow from the records."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.test_comparison import ARMS, whole

from forethought import storage
from forethought.cli import main
from forethought.evaluation import save_results
from forethought.evaluation.comparison import compared
from forethought.reports import audit, write_comparison


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folders = whole(tmp_path, 4)
    found = compared(ARMS, range(4), folders, {})
    tried = [{"settings": {}, "score": 0.4}, {"settings": {"matrix_rate": 0.01}, "score": 0.6}]
    extra: dict[str, Any] = {
        **found.to_dict(), "missing": {"placebo, seed 9": "it <broke>"},
        "tuning": {"imitation": {"chosen": tried[1]["settings"], "tried": tried}},
    }  # fmt: skip
    save_results(tmp_path / "compare.json", found.records("errand"), "made up", extra)
    return tmp_path


def test_the_page_tells_verdicts_figures_costs_and_what_is_missing(folder: Path) -> None:
    page = write_comparison(folder).read_text("utf-8")
    told = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    for verdict in storage.read_json(folder / "compare.json")["verdicts"]:
        assert verdict in told
    assert "3 arms in errand" in told and "12 runs: developmental, imitation, placebo; seeds 0, 1, 2, 3." in told
    assert "Missing: placebo, seed 9" in told and "it &lt;broke&gt;" in page
    assert page.count("data:image/svg+xml") == 6 and "{'matrix_rate': 0.01}" in page.replace("&#39;", "'")
    assert "http" not in re.sub(r"data:image[^\"]*|http://www.w3.org\S*", "", page), "it needs no network"


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


def test_what_is_no_comparison_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--audit", str(tmp_path)]) == 2
    assert "expected one folder with a compare.json in it" in capsys.readouterr().err
    storage.write_json(tmp_path / "compare.json", {"records": []})
    assert main(["report", str(tmp_path)]) == 2
    assert "is no comparison" in capsys.readouterr().err
