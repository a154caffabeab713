"""Reports: one HTML file that stands alone, made from run folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forethought import storage


def write_report(folders: Sequence[Path | str], out: Path | str) -> Path:
    """Writes one stand-alone HTML file about these run folders to ``out`` and returns its path.

    What is missing or damaged is said in the report. Raises ``BadSetting`` where a folder does not exist, or none is
    given.
    """
    from forethought.reports.page import build

    return build([Path(folder) for folder in folders], Path(out))


def write_comparison(folder: Path | str, out: Path | str | None = None) -> Path:
    """Writes the page of what ``forethought compare`` left in a folder (default: its ``report.html``)."""
    from forethought.reports.comparison import page

    return _written(page(Path(folder)), Path(folder), out)


def write_recall(folder: Path | str, out: Path | str | None = None) -> Path:
    """Writes the page of what ``forethought eval recall`` left in a folder (default: its ``report.html``)."""
    from forethought.reports.recall import build_recall

    return build_recall(Path(folder), Path(out) if out else None)


def audit(folder: Path | str) -> list[str]:
    """What a comparison or its page tells that does not follow from its runs' own records; [] if everything does."""
    from forethought.reports.auditing import audit_comparison

    return audit_comparison(Path(folder))


def unchecked(folder: Path | str) -> list[str]:
    """What the audit of a comparison or a capacity grid has nothing to check by, in words; [] if it checks all."""
    from forethought.reports.auditing import unchecked

    return unchecked(Path(folder))


def audit_runs(folders: Sequence[Path | str], page: Path | str) -> list[str]:
    """What run folders or the ``page`` about them tell that does not follow from their records; [] if all does."""
    from forethought.reports.auditing import audit_runs

    return audit_runs([Path(folder) for folder in folders], Path(page))


def write_capacity(folder: Path | str, out: Path | str | None = None) -> Path:
    """Writes the page of what ``forethought capacity`` left in a folder (default: its ``report.html``)."""
    from forethought.reports.capacity import page

    return _written(page(Path(folder)), Path(folder), out)


def audit_capacity(folder: Path | str) -> list[str]:
    """What a capacity grid or its page tells that does not follow from its runs' own records; [] if everything does."""
    from forethought.reports.auditing import audit_capacity

    return audit_capacity(Path(folder))


def _written(page: str, folder: Path, out: Path | str | None) -> Path:
    path = Path(out) if out else folder / "report.html"
    storage.write_text(path, page)
    return path


__all__ = [
    "audit",
    "audit_capacity",
    "audit_runs",
    "unchecked",
    "write_capacity",
    "write_comparison",
    "write_recall",
    "write_report",
]
