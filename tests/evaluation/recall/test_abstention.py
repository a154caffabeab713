"""What the memory's advice to abstain is worth, measured without a reader: by length, by file, on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forethought.cli import main
from forethought.evaluation import Record
from forethought.evaluation.recall import files, others, records, suite
from forethought.evaluation.recall.records import SIGNAL
from forethought.memory import memory
from forethought.reports import write_recall

RESULTS = Path(__file__).resolve().parents[3] / "benchmarks" / "results"
PRECISION, RECALL, BALANCED = (f"{SIGNAL}_{name}" for name in ("precision", "recall", "balanced_accuracy"))
DEFAULT = "told by its default threshold"


def values(found: list[Record]) -> dict[tuple[str, str], float]:
    return {(r.axis, r.metric): r.value for r in found if r.metric.startswith(SIGNAL)}


def test_the_signal_of_known_answers() -> None:
    asked = [(True, False)] * 6 + [(True, True)] * 2 + [(False, True)] * 3 + [(False, False)]
    found = {metric: (told, n) for metric, told, n in records.signal(asked)}
    assert {metric: (told.value, n) for metric, (told, n) in found.items()} == {
        PRECISION: (3 / 5, 5), RECALL: (3 / 4, 4), BALANCED: (3 / 4, 12),
    }  # fmt: skip
    assert all(0 <= told.low < told.value < told.high <= 1 for told, _ in found.values())


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ([], {}),
        ([(True, False)], {}),
        ([(True, True)], {PRECISION: 0.0}),
        ([(False, True)], {PRECISION: 1.0, RECALL: 1.0}),
        ([(False, False)], {RECALL: 0.0}),
        ([(True, False), (False, False)], {RECALL: 0.0, BALANCED: 0.5}),
    ],
)
def test_nothing_is_told_where_there_is_nothing_to_divide_by(
    asked: list[tuple[bool, bool]], told: dict[str, float]
) -> None:
    assert {metric: interval.value for metric, interval, _ in records.signal(asked)} == told


def test_without_a_reader_ours_tells_by_length_whether_the_memory_abstains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = suite.Plan(lengths=(512, 1024), depths=(0.0, 1.0), tasks=("needle", "abstain"), n=1, budget=64)
    monkeypatch.setattr(memory, "THRESHOLD", 2.0)  # more than any confidence: all is held back
    rows = suite.measure(plan, tmp_path, arms=("bm25", "ours"), embed="lexical")
    assert {row["arm"] for row in rows if "abstains" in row} == {"ours"}
    found = records.records(rows)
    half = {PRECISION: 0.5, RECALL: 1.0, BALANCED: 0.5}
    assert values(found) == {(axis, metric): value for axis in ("512", "1024") for metric, value in half.items()}
    assert {(r.world, r.arm) for r in found if r.metric.startswith(SIGNAL)} == {("recall retrieval", "ours")}
    earlier = [{name: value for name, value in row.items() if name != "abstains"} for row in rows]
    assert not values(records.records(earlier)), "rows that an earlier version kept"


def test_the_page_and_the_terminal_show_it_and_whose_threshold_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["eval", "recall", "--folder", str(tmp_path), "--lengths", "512", "--depths", "0", "--n", "1"]
    assert main([*words, "--tasks", "needle", "abstain", "--embed", "lexical", "--arms", "ours"]) == 0
    shown, page = capsys.readouterr().out, (tmp_path / "report.html").read_text()
    assert "abstention recall: of the unanswerable" in shown and "Abstention recall: of the unanswerable" in page
    assert "abstention, balanced accuracy" in shown and DEFAULT in " ".join(shown.split()) and DEFAULT in page
    kept = json.loads((tmp_path / "recall.json").read_text())["records"]
    assert {RECALL, BALANCED} <= {record["metric"] for record in kept}


def test_a_page_of_a_stored_result_is_still_built(tmp_path: Path) -> None:
    (tmp_path / "recall.json").write_text((RESULTS / "recall_suite.json").read_text())
    page = write_recall(tmp_path).read_text()
    assert "Any evidence turn among the first five" in page and DEFAULT not in page


def test_other_peoples_unanswerable_questions_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [
        {"question": "What boat does Ann have?", "answer": "a red boat", "evidence": ["D1:1"], "category": 1},
        {"question": "Which opera did the plumber compose?", "adversarial_answer": "x", "evidence": [], "category": 5},
        {"question": "What boat does Ann have?", "adversarial_answer": "x", "evidence": ["D1:1"], "category": 5},
    ]
    turns = [{"speaker": "Ann", "dia_id": "D1:1", "text": "I, Ann, have a red boat."}]
    talk = {"session_1": turns, "session_1_date_time": "1:56 pm on 8 May, 2023"}
    (tmp_path / "locomo10.json").write_text(json.dumps([{"qa": asked, "conversation": talk}]))
    words = ["eval", "recall", "--folder", str(tmp_path / "runs"), "--embed", "lexical"]
    assert main([*words, "--locomo", str(tmp_path / "locomo10.json")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert PRECISION in shown and RECALL in shown and DEFAULT in shown
    kept = json.loads((tmp_path / "runs" / "locomo.json").read_text())["records"]
    assert values([Record.from_dict(record) for record in kept]) == {
        ("", PRECISION): 1.0, ("", RECALL): 0.5, ("", BALANCED): 0.75,
    }  # fmt: skip
    assert {record["arm"] for record in kept if record["metric"].startswith(SIGNAL)} == {"ours"}


def test_a_file_of_unanswerable_questions_alone_is_measured(tmp_path: Path) -> None:
    entry = {
        "question_id": "q_abs", "question_type": "single", "question": "Which opera did the plumber compose?",
        "answer": "", "haystack_dates": ["2023/05/20 (Sat) 02:21"],
        "haystack_sessions": [[{"role": "user", "content": "I have a red boat."}]],
    }  # fmt: skip
    (tmp_path / "lme.json").write_text(json.dumps([entry]))
    found = others.measure("longmemeval", files.longmemeval(tmp_path / "lme.json"), embed="lexical")
    assert {(r.arm, r.metric): r.value for r in found} == {("ours", PRECISION): 1.0, ("ours", RECALL): 1.0}
