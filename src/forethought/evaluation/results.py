"""Results as files: the format of ``summary.json`` and of everything under ``benchmarks/results``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.errors import BadSetting, Damaged
from forethought.evaluation.statistics import Record
from forethought.training.run import made_by


def save_results(
    path: str | Path, records: Iterable[Record], command: str, extra: Mapping[str, Any] | None = None
) -> Path:
    """Writes the records beside the command, commit, versions and machine that made them, and ``extra`` entries.

    Raises ``BadSetting`` for an entry that would hide one of these.
    """
    made = {"records": [record.to_dict() for record in records], **made_by(command)}
    if hidden := sorted(set(made) & set(extra or {})):
        raise BadSetting(f"extra entries {hidden} would hide the result's own; give them other names")
    storage.write_json(path, {**made, **(extra or {})})
    return Path(path)


def load_results(path: str | Path) -> list[Record]:
    """The records of a result file; ``Damaged`` or ``FileNotFoundError`` if they cannot be had."""
    found = storage.read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get("records"), list):
        raise Damaged(f"{path} has no list of records; expected a file that save_results() wrote")
    try:
        return [Record.from_dict(record) for record in found["records"]]
    except (BadSetting, TypeError) as error:
        raise Damaged(f"{path} cannot be read as results: {error}") from error
