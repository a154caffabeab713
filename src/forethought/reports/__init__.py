"""Reports: one HTML file that stands alone, made from run folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def write_report(folders: Sequence[Path | str], out: Path | str) -> Path:
    """Writes one stand-alone HTML file about these run folders to ``out`` and returns its path.

    What is missing or damaged is said in the report. Raises ``BadSetting`` where a folder does not exist, or none is
    given.
    """
    from forethought.reports.page import build

    return build([Path(folder) for folder in folders], Path(out))


def write_comparison(folder: Path | str, out: Path | str | None = None) -> Path:
    """Writes the page of what ``forethought compare`` left in a folder (default: its ``report.html``)."""
    from forethought.reports.comparison import build

    return build(Path(folder), Path(out) if out else Path(folder) / "report.html")


def write_recall(folder: Path | str, out: Path | str | None = None) -> Path:
    """Writes the page of what ``forethought eval recall`` left in a folder (default: its ``report.html``)."""
    from forethought.reports.recall import build_recall

    return build_recall(Path(folder), Path(out) if out else None)


def audit(folder: Path | str) -> list[str]:
    """What a comparison tells that does not follow from its runs' own records; [] if everything does."""
    from forethought.reports.comparison import audit

    return audit(Path(folder))


def write_capacity(folder: Path | str, out: Path | str | None = None) -> Path:
    """Writes the page of what ``forethought capacity`` left in a folder (default: its ``report.html``)."""
    from forethought.reports.capacity import build

    return build(Path(folder), Path(out) if out else Path(folder) / "report.html")


def audit_capacity(folder: Path | str) -> list[str]:
    """What a capacity grid tells that does not follow from its runs' own records; [] if everything does."""
    from forethought.reports.capacity import audit

    return audit(Path(folder))


__all__ = ["audit", "audit_capacity", "write_capacity", "write_comparison", "write_recall", "write_report"]
