"""The page of the recall suite: for each reader a map of depth and length by arm, what targets ask, and the costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.errors import Damaged
from forethought.evaluation import Record
from forethought.evaluation.recall.arms import ABOUT
from forethought.evaluation.recall.records import SIGNAL
from forethought.evaluation.recall.suite import NO_READER
from forethought.reports.page import written
from forethought.reports.tables import Cell, Row, Table

RESULT_FILE, PAGE = "recall.json", "report.html"
WORLD, DEPTH, TASK = "recall ", "exact_match/depth ", "exact_match/task "
PROVES = 0.8
"""Share that a reader must answer from the evidence alone before anything else that it answers proves anything."""
UNCALIBRATED = "Whether the memory abstains is told by its default threshold: it is not calibrated on such questions."
BEST = ("ours", "worth")
"""What is recalled as it was said, and as a reader of the memory gets it: what the verdicts tell of."""
FINDING = (
    ("any@5", "Any evidence turn among the first five"),
    ("all@5", "All evidence turns among the first five"),
    ("passage", "All evidence in what the budget gives to read"),
    (f"{SIGNAL}_precision", "Abstention precision: of what the memory holds back, the unanswerable"),
    (f"{SIGNAL}_recall", "Abstention recall: of the unanswerable, what the memory holds back"),
    (
        f"{SIGNAL}_balanced_accuracy",
        "Abstention, balanced accuracy: a coin has 50",
    ),
    ("find_p50_milliseconds", "Milliseconds to find, median"),
    ("find_p95_milliseconds", "Milliseconds to find, 95th percentile"),
    ("append_p50_milliseconds", "Milliseconds of a durable append, median"),
    ("append_p95_milliseconds", "Milliseconds of a durable append, 95th percentile"),
    ("bytes_per_turn", "Bytes per turn: text, who and when"),
    ("index_bytes_per_turn", "Bytes per turn of what it is found by"),
    ("kept_ratio", "Bytes kept per 100 of text, the index apart"),
)
PRINTED = FINDING[:7]
"""What a terminal shows of finding."""
READING = (
    ("exact_match", "Answered exactly"),
    ("answer_contained", "The answer stands in what was told"),
    ("of_oracle_ratio", "As a share of the oracle"),
    ("exact_match_minus_best_rag", "Minus the best other way to find, paired by question"),
    ("exact_match_minus_ours", "The same lines given otherwise, minus ours, paired by question"),
    ("abstention_precision", "Of those told as not told, those that were not"),
    ("tokens", "Tokens read for an answer"),
)


def build_recall(folder: Path, out: Path | None = None) -> Path:
    """Writes the page about ``recall.json`` in ``folder``; ``Damaged`` where it is no result of the suite."""
    path = folder / RESULT_FILE
    found = storage.read_json(path)
    if not isinstance(found, dict) or not {"records", "plan"} <= set(found):
        raise Damaged(f"{path} is no result of the recall suite; expected what 'forethought eval recall' wrote")
    records = [Record.from_dict(each) for each in found["records"]]
    plan = found["plan"]
    content = {
        "title": "Recall of long conversations",
        "asked": f"{plan['n']} question{'' if plan['n'] == 1 else 's'} of each task at each depth of each length: "
        f"{', '.join(plan['tasks'])}; a budget of {plan['budget']} tokens for every arm that looks things up.",
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "verdicts": verdicts(records),
        "caveats": caveats(records),
        "readers": [_reader(records, name) for name in readers(records)],
        "finding": _tables(_of(records, NO_READER), FINDING),
        "made": [(name, found[name]) for name in ("command", "commit", "machine")],
    }
    return written(out or folder / PAGE, "recall.html.j2", content)


def readers(records: Iterable[Record]) -> list[str]:
    """The readers' names."""
    names = dict.fromkeys(record.world.removeprefix(WORLD) for record in records)
    return [name for name in names if name != NO_READER]


def lengths(records: Iterable[Record]) -> list[int]:
    """The lengths in tokens, shorter first."""
    return sorted({int(record.axis) for record in records})


def verdicts(records: Sequence[Record]) -> list[str]:
    """What was found whoever reads, and what each reader showed, in a sentence or two."""
    found = _by(records, NO_READER)
    told = [
        f"All evidence in what {arm} gives to read: {shown}."
        for arm in ABOUT
        if (shown := _by_length(found, arm, "passage"))
    ]
    for name in readers(records):
        mine = _by(records, name)
        for arm in ("bare", "full", "oracle", *BEST):
            shown = _by_length(mine, arm, "exact_match")
            told += [f"{name}, {arm}: {shown}."] if shown else []
        for arm in BEST:
            ratios = [r for (each, metric, _), r in mine.items() if each == arm and metric == "of_oracle_ratio"]
            if ratios:
                worst = min(ratios, key=lambda r: r.value)
                told.append(
                    f"{name}: {arm} answers at least {100 * worst.value:.0f}% ({100 * worst.low:.0f} to "
                    f"{100 * worst.high:.0f}) of what the oracle does, least at {short(int(worst.axis))} tokens."
                )
    return told


def _of(records: Iterable[Record], reader: str) -> list[Record]:
    """A reader's records."""
    return [record for record in records if record.world == WORLD + reader]


def _by(records: Iterable[Record], reader: str) -> dict[tuple[str, str, str], Record]:
    """A reader's records by arm, metric and length."""
    return {(record.arm, record.metric, record.axis): record for record in _of(records, reader)}


def _by_length(records: dict[tuple[str, str, str], Record], arm: str, metric: str) -> str:
    """An arm's shares at every length, shorter first."""
    told = ((length, records.get((arm, metric, str(length)))) for length in lengths(records.values()))
    return ", ".join(f"{short(length)}: {100 * record.value:.0f}%" for length, record in told if record)


def caveats(records: Sequence[Record]) -> list[str]:
    """What a reader of the page should not conclude."""
    told = []
    for name in readers(records):
        oracle = [record for record in _of(records, name) if record.arm == "oracle"]
        exact = [record.value for record in oracle if record.metric == "exact_match"]
        if exact and min(exact) < PROVES:
            told.append(f"{name} answers below {PROVES:.0%} from the evidence alone at some length: it proves nothing.")
        weak = sorted({
            record.metric.removeprefix(TASK) for record in oracle
            if record.metric.startswith(TASK) and record.value < PROVES
        })  # fmt: skip
        if weak:
            told.append(f"{name} is below {PROVES:.0%} at some length in {', '.join(weak)}, from the evidence alone.")
    return told + uncalibrated(records)


def uncalibrated(records: Iterable[Record]) -> list[str]:
    """What to say of the memory's abstention, where it was measured."""
    return [UNCALIBRATED] if any(record.metric.startswith(SIGNAL) for record in records) else []


def short(length: int) -> str:
    """A number of tokens as people say it."""
    for unit, name in ((1024**2, "M"), (1024, "K")):
        if length % unit == 0:
            return f"{length // unit}{name}"
    return f"{length:,}"


def printable(records: Sequence[Record]) -> list[tuple[str, list[list[str]]]]:
    """What a terminal shows: titles, and rows of text whose first one holds the headings."""
    found = []
    for name in (*readers(records), NO_READER):
        for table in _tables(_of(records, name), PRINTED if name == NO_READER else READING):
            rows = [[*row.labels, *(f"{cell.value} ({cell.interval})" for cell in row.cells)] for row in table.rows]
            found.append((f"{name}: {table.title.lower()}", [list(table.headings), *rows]))
    return found


def _reader(records: Sequence[Record], name: str) -> dict[str, Any]:
    mine = _of(records, name)
    arms = [arm for arm in ABOUT if any(record.arm == arm for record in mine)]
    tasks = dict.fromkeys(record.metric for record in mine if record.metric.startswith(TASK))
    metrics = (*READING, *((task, f"Answered exactly: {task.removeprefix(TASK)}") for task in tasks))
    return {"name": name, "maps": [_map(mine, arm) for arm in arms], "tables": _tables(mine, metrics)}


def _map(records: Sequence[Record], arm: str) -> dict[str, Any]:
    """Depth by length of one arm."""
    shares = {(r.metric, r.axis): r.value for r in records if r.arm == arm and r.metric.startswith(DEPTH)}
    columns = lengths(records)
    depths = sorted({float(metric.removeprefix(DEPTH)) for metric, _ in shares})
    rows = [(f"{depth:.0%}", [shares.get((f"{DEPTH}{depth}", str(length))) for length in columns]) for depth in depths]
    return {"arm": arm, "about": ABOUT[arm], "lengths": [short(length) for length in columns], "rows": rows}


def _tables(records: Sequence[Record], metrics: Iterable[tuple[str, str]]) -> list[Table]:
    """A table for each metric: arms by length."""
    columns = lengths(records)
    found = []
    for metric, title in metrics:
        by = {(r.arm, int(r.axis)): r for r in records if r.metric == metric}
        arms = [arm for arm in ABOUT if any(key[0] == arm for key in by)]
        rows = [Row((arm,), tuple(_cell(by.get((arm, length))) for length in columns)) for arm in arms]
        if rows:
            found.append(Table(title, ("", *map(short, columns)), tuple(rows), "95% intervals over questions."))
    return found


def _cell(record: Record | None) -> Cell:
    if record is None:
        return Cell("-")
    if record.share or record.metric.endswith("_ratio"):
        told = (f"{100 * value:.0f}" for value in (record.value, record.low, record.high))
    else:
        told = (
            f"{value:,.1f}" if value < 100 else f"{value:,.0f}" for value in (record.value, record.low, record.high)
        )
    value, low, high = told
    return Cell(value, f"{low} to {high}" if low != high else "")
