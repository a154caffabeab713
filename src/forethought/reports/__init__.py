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


__all__ = ["write_report"]
