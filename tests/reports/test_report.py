"""The report says what was found, says what is missing, stands alone, and never runs what a world or model wrote."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from forethought.cli import main
from forethought.config import TrainConfig
from forethought.errors import BadSetting, Damaged
from forethought.evaluation import BLIND, Asked, Choice, Example, Foreseen, Lived, Mark, Marked, Record, Way
from forethought.experience import ExperienceStore
from forethought.reports import audit_runs, write_report
from forethought.reports.figures import series, stages
from forethought.types import Episode, Harm, Progress, Step

EVIL = "<script>alert('x')</script>"


def foreseen(action: str = "walk to the shop", sentence: str = "You are at the shop.", right: bool = True) -> Foreseen:
    marks: tuple[Marked, ...] = (Marked(sentence, Mark.RIGHT),)
    if not right:
        marks = (Marked(sentence, Mark.WRONG), Marked("The car is at home.", Mark.MISSING))
    imagined = Progress.ONGOING if right else Progress.SATISFIED
    verdicts = (imagined, Harm.NONE, sentence, Progress.ONGOING, Harm.NONE)
    return Foreseen(action, sentence, 0.1, 0.1, 0.1, *verdicts, marks, right)


def choice(chosen: str = "drive", **texts: str) -> Choice:
    ways = (Way("walk", (foreseen(right=chosen == "drive"),), 0.2, False), Way("drive", (foreseen(),), 0.9, True))
    told = {"title": "The car is to be washed", "desire": "Wash the car.", "observation": "You are at home.", **texts}
    return Choice(**told, ways=ways, chosen=chosen, best="drive", right_reason=chosen == "drive")


def records(arm: str, value: float) -> list[Record]:
    found = []
    for axis in ("", "combination"):
        for metric in (
            "exact",
            "facts_f1",
            "probe/presence",
            "probe/acceptance",
            "horizon/1",
            "horizon/2",
            "act/success",
        ):
            found.append(Record(arm, "errand", "test", axis, metric, value, value - 0.03, min(1.0, value + 0.03), 200))
        found.append(Record(BLIND, "errand", "test", axis, "probe/presence", 0.0, 0.0, 0.0, 200))
    return [*found, Record(arm, "errand", "test", "", "act/cost_ratio", 1.25, 1.1, 1.4, 100)]


def metrics(arm: str) -> list[dict[str, Any]]:
    return [
        {
            "update": i,
            "tokens": 1000 * (i + 1),
            "stage": "demonstrations" if arm == "imitation" else "babble" if i < 20 else "practice",
            "divergence": 0.9,
            "outcome": 2.0 / (i + 1),
            "steps": i,
        }
        for i in range(60)
    ]


def run_folder(folder: Path, arm: str, value: float = 0.9, **others: Any) -> Path:
    """A finished, measured run as the commands leave it."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(TrainConfig.of(arm=arm, budget_tokens=60_000).model_dump_json())
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in metrics(arm)))
    summary = {
        "records": [record.to_dict() for record in records(arm, value)],
        "tokens": 60_000, "updates": 60, "steps": 60, "parameters": 330_000,
        "command": "forethought train", "commit": "abc", "versions": {"python": "3.11"}, "machine": "a machine",
    }  # fmt: skip
    (folder / "summary.json").write_text(json.dumps({**summary, **others}))
    asked = Asked("Wash it.", "You are at home.", (Lived("walk home", "You are at home."),), foreseen(), True)
    example = Example("errand", "test", "combination", "presence", (asked, asked), True)
    chosen = choice("drive" if value > 0.5 else "walk")
    written = {"choices": [asdict(chosen)], "examples": [asdict(example)]}
    (folder / "examples.json").write_text(json.dumps(written))
    return folder


@pytest.fixture
def arms(tmp_path: Path) -> list[Path]:
    return [run_folder(tmp_path / "a", "imitation", 0.3), run_folder(tmp_path / "b", "developmental", 0.92)]


def page_of(folders: list[Path], out: Path) -> str:
    assert write_report(folders, out) == out
    return out.read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Every tag with its attributes, and whether what opens is closed again."""

    VOID = frozenset({"meta", "img", "source", "br", "link", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_two_arms_stand_beside_each_other_and_beside_the_blind_answer(arms: list[Path], tmp_path: Path) -> None:
    told = words(page_of(arms, tmp_path / "report.html"))
    assert "imitation and developmental in errand" in told
    assert "probe where imitation developmental best blind answer" in told
    assert re.search(r"presence combination 30% 27-33 92% 89-95 0%", told)
    assert "developmental is ahead by 62 points, and the intervals are apart" in told
    assert "same parameters (330,000), training tokens (60,000), seed (0)" in told
    assert "1.25 1.10-1.40" in told
    assert "What imitation chooses: the car is to be washed: walk (wrong: drive is right)" in told
    assert "commit abc" in told and "a machine" in told


def test_the_page_stands_alone_and_is_whole(arms: list[Path], tmp_path: Path) -> None:
    tags = Tags(page_of(arms, tmp_path / "report.html"))
    assert tags.open == []
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in tags.tags}
    pictures = [a["src"] or "" for tag, a in tags.tags if tag == "img"]
    assert len(pictures) == 4 and all(src.startswith("data:image/svg+xml;base64,") for src in pictures)
    assert all(a.get("alt") for tag, a in tags.tags if tag == "img")
    assert not [
        a
        for _, a in tags.tags
        for name, value in a.items()
        if name in ("src", "href", "srcset") and "//" in (value or "")[:9]
    ]
    assert not re.search(r"@import|url\(|https?://", (tmp_path / "report.html").read_text().split("<body>")[0])


def test_the_difference_is_told_by_signs_too(arms: list[Path], tmp_path: Path) -> None:
    page = page_of(arms, tmp_path / "report.html")
    for mark, sign in (("right", "✓"), ("missing", "○"), ("wrong", "✗")):
        assert re.search(rf'<li class="{mark}"><span class="sign" title="{mark}">{sign}</span>', page)
    told = words(page)
    assert "○ progress: ongoing ✗ progress: satisfied" in told  # verdicts count as parts of the prediction


def test_what_worlds_and_models_wrote_never_becomes_markup(tmp_path: Path) -> None:
    folder = run_folder(
        tmp_path / EVIL.replace("/", ""), "imitation", command=EVIL, versions={EVIL: EVIL}, machine=EVIL
    )
    line = {"tokens": 1, "stage": EVIL, "outcome": 1.0}
    (folder / "metrics.jsonl").write_text(json.dumps({**line, "stage": "a"}) + "\n" + json.dumps(line) + "\n")
    evil = foreseen(EVIL, EVIL, right=False)
    asked = Asked(EVIL, EVIL, (Lived(EVIL, EVIL),), evil, False)
    example = Example(EVIL, EVIL, EVIL, EVIL, (asked, asked), False)
    odd = choice(title=EVIL, desire=EVIL, observation=EVIL)
    written = {"choices": [{**asdict(odd), "chosen": EVIL}], "examples": [asdict(example)]}
    (folder / "examples.json").write_text(json.dumps(written))
    evil_records = [Record(EVIL, EVIL, EVIL, EVIL, metric, 0.5, 0.4, 0.6, 9) for metric in ("probe/" + EVIL, "exact")]
    summary = json.loads((folder / "summary.json").read_text())
    summary["records"] = [record.to_dict() for record in evil_records]
    (folder / "summary.json").write_text(json.dumps(summary))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "worlds": [EVIL], "model": EVIL, "arm": EVIL}))
    store = ExperienceStore(folder / "episodes")
    store.append([Episode(EVIL, 1, "train", 0, EVIL, EVIL, (Step(EVIL, EVIL, EVIL),))], EVIL)
    store.flush()
    page = page_of([folder], tmp_path / "report.html")
    assert "<script" not in page and "&lt;script&gt;" in page
    assert Tags(page).open == []


def gated(arm: str) -> list[Record]:
    found = []
    for promise, harm, success in (("none", 0.3, 0.9), ("5%", 0.04, 0.8), ("1%", 0.01, 0.6)):
        for axis in ("", "terrain"):
            for what, value in (("harm", harm), ("success", success), ("held", 1.0 - success)):
                if promise != "none" or what != "held":
                    metric = f"gate/{promise}/{what}"
                    found.append(Record(arm, "cliff+street", "test", axis, metric, value, value / 2, value, 3000))
    return found


def test_the_gate_is_shown_with_what_it_costs(arms: list[Path], tmp_path: Path) -> None:
    before = page_of(arms, tmp_path / "before.html")
    assert "The gate" not in words(before)
    told = {"records": [record.to_dict() for record in gated("developmental")]}
    (arms[1] / "gate_results.json").write_text(json.dumps(told))
    page = page_of(arms, tmp_path / "report.html")
    said = words(page)
    assert "The gate" in said and page.count("<figure>") == before.count("<figure>") + 1
    for told_words in ("cliff+street", "developmental, no gate", "developmental, at most 5% harm", "as for 1%", "held"):
        assert told_words in said
    assert "30%" in said and "4%" in said and "60%" in said
    (arms[1] / "gate_results.json").write_text("{")
    assert "gate_results.json is damaged" in words(page_of(arms, tmp_path / "damaged.html"))


def test_a_run_in_progress_says_so_and_shows_what_there_is(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", "developmental")
    for name in ("summary.json", "examples.json"):
        (folder / name).unlink()
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"tokens": 61000, "outco')  # a line being written right now
    told = words(page_of([folder], tmp_path / "report.html"))
    assert "This run is not finished: 60,000 of 60,000 training tokens so far." in told
    assert "It has no worked examples yet." in told and "No probes have been asked yet." in told
    assert "damaged" not in told
    assert "data:image/svg+xml" in (tmp_path / "report.html").read_text()


def test_a_folder_with_nothing_in_it_makes_a_page_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = words(page_of([tmp_path / "empty"], tmp_path / "report.html"))
    assert "There is no config.json" in told and "nothing has been learned yet" in told
    assert "Nothing has been measured yet." in told and "There are no curves yet." in told


def test_damage_is_said_and_the_rest_is_shown(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", "developmental")
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    lines[7], lines[9], lines[11] = "{half a li", '["no", "object"]', '{"tokens": "many"}'
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    summary = json.loads((folder / "summary.json").read_text())
    summary["records"][0] = {"arm": "developmental"}
    summary["records"][1]["value"] = "high"
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "examples.json").write_text(json.dumps({"choices": [{"title": "no ways"}], "examples": "none"}))
    store = ExperienceStore(folder / "episodes")
    store.append([Episode("errand", 1, "train", 0, "d", "o", (Step("walk home", "You are at home.", "o2"),))], "babble")
    store.flush()
    (folder / "episodes" / "part-000001.parquet").write_bytes(b"no parquet")
    told = words(page_of([folder], tmp_path / "report.html"))
    assert "3 damaged lines of metrics.jsonl left out." in told
    assert "2 records in summary.json could not be read" in told
    assert "A worked example lacks parts and was left out." in told
    assert "1 of 2 parts of its experience cannot be read" in told
    assert "errand: walk something changes 1" in told
    assert "presence" in told


@pytest.mark.parametrize("name", ["config.json", "summary.json", "examples.json"])
@pytest.mark.parametrize("text", ["{", "[]", "null"])
def test_each_file_may_be_damaged(tmp_path: Path, name: str, text: str) -> None:
    folder = run_folder(tmp_path / "run", "developmental")
    (folder / name).write_text(text)
    told = words(page_of([folder], tmp_path / "report.html"))
    assert f"{name} is damaged" in told or f"{name} holds no object" in told


def test_runs_of_one_arm_are_told_apart(tmp_path: Path) -> None:
    one, other = run_folder(tmp_path / "one", "developmental"), run_folder(tmp_path / "other", "developmental")
    told = words(page_of([one, other], tmp_path / "report.html"))
    assert f"developmental ({one})" in told and f"developmental ({other})" in told
    (other / "config.json").write_text(TrainConfig.of(seed=7).model_dump_json())
    told = words(page_of([one, other], tmp_path / "report.html"))
    assert "developmental (seed 0)" in told and "developmental (seed 7)" in told
    assert "They differ in training tokens, seed, so this is not a matched comparison." in told


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="there is no folder"):
        write_report([tmp_path / "none"], tmp_path / "report.html")
    with pytest.raises(BadSetting, match="no run folder"):
        write_report([], tmp_path / "report.html")


def test_who_commits_to_no_prediction_has_no_divergence() -> None:
    assert series(metrics("imitation"), "divergence") == []
    assert len(series(metrics("imitation"), "outcome")) == 60
    assert stages(metrics("developmental")) == [(1000, "babble"), (21000, "practice")]


def test_long_curves_are_averaged_not_cut() -> None:
    points = series([{"tokens": i, "outcome": 1.0, "stage": "babble"} for i in range(10_001)], "outcome")
    assert len(points) <= 300 and points[-1][0] == 10_000
    assert series([{"tokens": 1, "outcome": float("nan")}, {"tokens": 2, "outcome": None}], "outcome") == []


def test_an_audit_of_runs_names_what_does_not_follow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [run_folder(tmp_path / arm, arm, value) for arm, value in (("developmental", 0.9), ("imitation", 0.4))]
    for folder in folders:
        told = json.loads((folder / "summary.json").read_text())
        (folder / "summary.json").write_text(json.dumps({**told, "updates": 59, "steps": 59}))
    with pytest.raises(Damaged, match="'forethought report' writes it"):
        audit_runs(folders, tmp_path / "report.html")
    assert main(["report", str(tmp_path)]) == 0 and main(["report", "--audit", str(tmp_path)]) == 0
    assert "every figure follows" in capsys.readouterr().out
    page = (tmp_path / "report.html").read_text()
    assert "40%" in page
    (tmp_path / "report.html").write_text(page.replace("40%", "99%", 1))
    assert main(["report", "--audit", str(tmp_path)]) == 1
    assert "report.html shows" in capsys.readouterr().out
    (tmp_path / "report.html").write_text(page)
    (folders[0] / "summary.json").write_text(json.dumps({**told, "updates": 59, "steps": 59, "tokens": 61_000}))
    wrong = audit_runs(folders, tmp_path / "report.html")
    assert f"{folders[0]}: tokens is told as 61000 and comes out as 60000" in wrong
    (folders[0] / "metrics.jsonl").unlink()
    with pytest.raises(Damaged, match="a run is audited when it is done"):
        audit_runs(folders, tmp_path / "report.html")
