"""``forethought eval recall``: what is recalled of long conversations, by which way of reading, and at what cost."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from forethought import storage
from forethought.cli.options import about, parse, quiet_bars
from forethought.errors import BadSetting

if TYPE_CHECKING:
    from forethought.evaluation import Record
    from forethought.evaluation.recall.reader import Reader

DESCRIPTION = (
    "Asks questions about generated conversations of any length, of several ways to read them, and writes a page "
    "with a map of depth and length for each. Without --model only finding is measured, and when the memory abstains. "
    "What is done is kept: the same command goes on. --locomo and --longmemeval measure files that you have instead."
)
SMOLLM = "smollm"


@dataclass(frozen=True)
class RecallOptions:
    """What to ask, and of whom."""

    model: Annotated[tuple[str, ...], about("folders of readers, or 'smollm' (default: none)", "[FOLDER ...]")] = ()
    folder: Annotated[Path, about("where results are kept", "FOLDER")] = Path("runs/recall")
    lengths: Annotated[tuple[str, ...], about("tokens of a conversation: 4096, 64K or 10M", "[INT ...]")] = (
        "1K", "4K", "16K", "64K", "128K",
    )  # fmt: skip
    depths: Annotated[tuple[float, ...], about("where the last evidence stands: 0 to 1")] = (0.0, 0.25, 0.5, 0.75, 1.0)
    tasks: Annotated[tuple[str, ...] | None, about("default: eight; a wrong name lists all", "[STR ...]")] = None
    arms: Annotated[tuple[str, ...] | None, about("default: all that the readers can", "[STR ...]")] = None
    n: Annotated[int, about("questions of each task at each depth and length")] = 2
    budget: Annotated[int, about("tokens that an arm which looks things up may read")] = 256
    embed: Annotated[str | None, about("lexical, wordllama or a folder (default: wordllama if there)", "STR")] = None
    split: Annotated[str, about("validation or test")] = "test"
    seed: Annotated[int, about("decides the conversations")] = 0
    locomo: Annotated[Path | None, about("a LoCoMo file, or a folder of conversations", "FILE")] = None
    longmemeval: Annotated[Path | None, about("a LongMemEval file", "FILE")] = None
    threads: Annotated[int, about("threads of the readers")] = 1
    json: Annotated[bool, about("print the records as JSON")] = False


def run(arguments: Sequence[str]) -> int:
    """Measures, keeps, prints and writes the page."""
    options = parse(RecallOptions, arguments, "eval recall", DESCRIPTION)
    console = Console(stderr=True, highlight=False)
    command = shlex.join(["forethought", "eval", "recall", *arguments])
    quiet_bars()
    with storage.lock(options.folder):
        try:
            if options.locomo or options.longmemeval:
                return _files(options, command)
            records = _suite(options, console, command)
        except KeyboardInterrupt:
            console.print(f"\nStopped. What is done is kept in {options.folder}; the same command goes on from there.")
            return 130
    if options.json:
        json.dump(storage.read_json(options.folder / "recall.json"), sys.stdout, indent=2)
        print()
    else:
        _print(records, options.folder)
    return 0


def _suite(options: RecallOptions, console: Console, command: str) -> list[Record]:
    import torch

    from forethought.evaluation import save_results
    from forethought.evaluation.recall import records, suite
    from forethought.reports import write_recall

    if options.threads < 1:
        raise BadSetting(f"--threads {options.threads}; expected at least 1")
    torch.set_num_threads(options.threads)
    chosen = {"tasks": options.tasks} if options.tasks else {}
    if options.split not in ("validation", "test"):
        raise BadSetting(f"--split {options.split!r}; expected validation or test: readers are trained on train")
    plan = suite.Plan(
        tuple(map(tokens, options.lengths)), options.depths, n=options.n, budget=options.budget,
        split=options.split, seed=options.seed, **chosen,  # type: ignore[arg-type]
    )  # fmt: skip
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("preparing")
        watch = lambda what, i, n: progress.update(bar, description=what, completed=i, total=n)  # noqa: E731
        readers = [lambda name=name: load(name) for name in options.model]
        rows = suite.measure(plan, options.folder, readers, options.arms or suite.ARMS, options.embed, watch)
    found = records.records(rows, suite.cells(options.folder), options.split)
    whole = {"plan": asdict(suite.plan_of(options.folder))}
    save_results(options.folder / "recall.json", found, command, whole)
    write_recall(options.folder)
    return found


def tokens(text: str) -> int:
    """A number of tokens: 4096, 64K or 10M. Raises ``BadSetting``."""
    unit = {"K": 1024, "M": 1024 * 1024}.get(text[-1:].upper(), 0)
    try:
        return int(text[:-1]) * unit if unit else int(text)
    except ValueError as error:
        raise BadSetting(f"--lengths {text!r}; expected a number of tokens such as 4096, 64K or 10M") from error


def load(name: str) -> Reader:
    """The reader in a folder, or the packaged SmolLM2."""
    from forethought.evaluation.recall.reader import Reader
    from forethought.integrations import smollm

    return Reader.load(smollm.folder() if name == SMOLLM else Path(name))


def _print(records: Sequence[Record], folder: Path) -> None:
    from forethought.cli.measure import plain_table
    from forethought.reports.recall import printable, uncalibrated

    console = Console()
    for title, rows in printable(records):
        console.print(f"[b]{title}[/b]")
        console.print(plain_table(rows), "")
    for line in uncalibrated(records):
        console.print(line)
    console.print(f"Result: {folder / 'recall.json'}\nReport: {folder / 'report.html'}", soft_wrap=True)


def _files(options: RecallOptions, command: str) -> int:
    """Other people's conversations: evidence, and with a reader answers."""
    from forethought.cli.measure import plain_table
    from forethought.evaluation import save_results
    from forethought.evaluation.recall import files, others
    from forethought.reports.recall import uncalibrated

    records: list[Any] = []
    readers = [load(name) for name in options.model]
    for name, path, read in (
        ("locomo", options.locomo, files.locomo), ("longmemeval", options.longmemeval, files.longmemeval),
    ):  # fmt: skip
        if path is not None:
            records += others.measure(name, read(path), readers, options.embed, options.budget)
            save_results(options.folder / f"{name}.json", [r for r in records if r.world.startswith(name)], command)
    if options.json:
        print(json.dumps({"records": [record.to_dict() for record in records]}, indent=2))
        return 0
    rows = [["", "metric", "value", "95%", "questions"]]
    for r in records:
        rows.append([f"{r.world}: {r.arm}", r.metric, f"{r.value:.3f}", f"{r.low:.3f} to {r.high:.3f}", str(r.n)])
    console = Console()
    console.print(plain_table(rows))
    for line in uncalibrated(records):
        console.print(line)
    return 0
