"""What runs measured, in one small archive: a day of computing goes on elsewhere, and anyone can audit it again.

An archive holds the records of every run that is done (all that a result follows from; no weights), and the experience
of developmental runs from which another arm has yet to learn.
"""

from __future__ import annotations

import io
import lzma
import tarfile
from collections.abc import Collection
from pathlib import Path

from forethought import storage
from forethought.errors import BadSetting
from forethought.evaluation.comparison import CHAMPION, FRESH, MEASURED, PROMPTS_FILE

TOLD = ("plan.json", "tuning.json", "failed.json", "compare.json", "capacity.json")
OF_A_RUN = ("config.json", "summary.json", "timings.jsonl", MEASURED, FRESH, PROMPTS_FILE)


def pack(folder: Path, archive: Path, arms: Collection[str]) -> int:
    """Writes the records of a folder's finished runs, always in the same bytes; returns how many runs there are.

    Raises ``BadSetting`` where the archive holds more of them: another folder is further.
    """
    runs = finished(folder)
    if archive.exists() and (kept := held(archive)) > len(runs):
        raise BadSetting(
            f"{archive} holds {kept} runs and {folder} only {len(runs)}; the archive was left as it is. Go on in "
            "another folder, which begins with what is kept"
        )
    files = [folder / name for name in TOLD] + [run / name for run in runs for name in OF_A_RUN]
    files += [part for run in runs if awaited(run, folder, arms) for part in sorted((run / "episodes").iterdir())]
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in files:
            if path.exists():
                member = tarfile.TarInfo(str(path.relative_to(folder)))
                member.size = path.stat().st_size
                with path.open("rb") as file:
                    tar.addfile(member, file)
    storage.write_bytes(archive, lzma.compress(raw.getvalue(), preset=9))
    return len(runs)


def unpack(archive: Path, folder: Path) -> None:
    """Lays the records down in a folder, where the same command goes on."""
    with tarfile.open(archive, "r:xz") as tar:
        tar.extractall(folder, filter="data")


def held(archive: Path) -> int:
    """How many runs an archive holds."""
    with tarfile.open(archive, "r:xz") as tar:
        return sum(Path(name).name == MEASURED for name in tar.getnames())


def finished(folder: Path) -> list[Path]:
    """The runs of which everything was measured: nothing needs their weights any more."""
    plan = folder / "plan.json"
    again = (FRESH, PROMPTS_FILE) if plan.exists() and storage.read_json(plan).get("fresh") else ()
    runs = sorted(path.parent for path in folder.rglob(MEASURED))
    return [run for run in runs if run.name.startswith("tune-") or all((run / name).exists() for name in again)]


def commit_of(folder: Path) -> str:
    """The commit that a folder was begun with; nothing where no run is finished."""
    return next((str(storage.read_json(run / "summary.json")["commit"]) for run in finished(folder)), "")


def awaited(run: Path, folder: Path, arms: Collection[str]) -> bool:
    """Whether another arm has yet to learn from what a run lived through."""
    arm, _, seed = run.name.rpartition("-")
    if arm == f"tune-{CHAMPION}":
        return not (folder / "tuning.json").exists()
    return arm == CHAMPION and not all((run.with_name(f"{each}-{seed}") / MEASURED).exists() for each in arms)
