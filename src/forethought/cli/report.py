"""``forethought report``: writes or refreshes report.html."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from forethought.cli.options import about, parse
from forethought.errors import BadSetting

COMPARISON, CAPACITY = "compare.json", "capacity.json"
DESCRIPTION = (
    "Writes one stand-alone HTML file about one or more runs, finished or in progress, or about a comparison or a "
    "capacity grid. --audit recomputes everything that it tells."
)


@dataclass(frozen=True)
class ReportOptions:
    """Which runs, and where to."""

    folders: Annotated[
        tuple[Path, ...], tyro.conf.Positional, about("run folders, or a folder of them", "[FOLDER ...]")
    ]
    audit: Annotated[bool, about("recompute every figure that is told; fails if any does not follow")] = False
    out: Annotated[Path | None, about("the file to write (default: report.html in the folder)", "FILE")] = None


def run(arguments: Sequence[str]) -> int:
    """Writes the report and prints where it lies."""
    options = parse(ReportOptions, arguments, "report", DESCRIPTION)
    made = (COMPARISON, CAPACITY)
    comparisons = [folder for folder in options.folders if any((folder / name).exists() for name in made)]
    if comparisons:
        return _compared(options, comparisons)
    folders = [run for folder in options.folders for run in runs_in(folder)]
    if not folders:
        raise BadSetting("no run folder was named; for example: forethought report runs/mine")
    from forethought.reports import audit_runs, write_report

    page = options.out or _beside(options.folders) / "report.html"
    if options.audit:
        return _told(_beside(options.folders), audit_runs(folders, page))
    print(write_report(folders, page))
    return 0


def _compared(options: ReportOptions, comparisons: Sequence[Path]) -> int:
    """Writes the page of a comparison or a grid, or audits it."""
    from forethought.reports import audit, audit_capacity, unchecked, write_capacity, write_comparison

    if len(options.folders) != 1 or len(comparisons) != 1:
        raise BadSetting(
            f"expected one folder with a {COMPARISON} in it, as 'forethought compare' leaves it, or with a {CAPACITY}, "
            "as 'forethought capacity' does, and no other beside it"
        )
    (folder,) = comparisons
    grid = (folder / CAPACITY).exists()
    if not options.audit:
        print((write_capacity if grid else write_comparison)(folder, options.out))
        return 0
    wrong = (audit_capacity if grid else audit)(folder)
    for line in unchecked(folder):
        print(f"Not checked: {line}.")
    return _told(folder, wrong)


def _told(folder: Path, wrong: Sequence[str]) -> int:
    """Prints what an audit found."""
    for line in wrong:
        print(line)
    many = f"{len(wrong)} figures do not follow" if len(wrong) > 1 else "1 figure does not follow"
    print(f"{folder}: {many if wrong else 'every figure follows'} from the records.")
    return 1 if wrong else 0


def runs_in(folder: Path) -> list[Path]:
    """A run folder itself, or the run folders directly in it; ``BadSetting`` where there is neither."""
    if not folder.is_dir():
        raise BadSetting(f"there is no folder {str(folder)!r}; expected a run folder, or a folder of run folders")
    if (folder / "config.json").exists():
        return [folder]
    found = sorted(path.parent for path in folder.glob("*/config.json"))
    if not found:
        raise BadSetting(
            f"{folder} is no run folder and holds none: there is no config.json in it, and no {COMPARISON} or "
            f"{CAPACITY}"
        )
    return found


def _beside(folders: Sequence[Path]) -> Path:
    """The folder named, or the one that all of them lie in."""
    return folders[0] if len(folders) == 1 else folders[0].parent
