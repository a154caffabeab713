"""A run is a folder: what it holds, how it is opened again, and how it is kept consistent after a kill."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.config import TrainConfig
from forethought.errors import BadConfig, Damaged
from forethought.experience import ExperienceStore

CONFIG_FILE, METRICS_FILE, TIMINGS_FILE, SUMMARY_FILE = "config.json", "metrics.jsonl", "timings.jsonl", "summary.json"
EPISODES_FOLDER, KEPT_FOLDER = "episodes", "kept"


@dataclass(slots=True)
class Run:
    """A run's folder with its config and its experience; ``model`` is where the trained model lies when finished."""

    folder: Path
    config: TrainConfig
    store: ExperienceStore

    @classmethod
    def open(cls, folder: Path | str, config: TrainConfig) -> Run:
        """Opens a folder for ``config``, new or begun before; ``BadConfig`` says how it differs from the one there."""
        folder = Path(folder)
        path = folder / CONFIG_FILE
        if path.exists():
            there = load_config(path)
            if differing := there.differences(config):
                told = ", ".join(f"{k} is {a!r} there and {b!r} here" for k, (a, b) in sorted(differing.items()))
                raise BadConfig(f"{folder} belongs to another run: {told}. Use another folder, or the same settings.")
        else:
            storage.write_json(path, config.model_dump(mode="json"))
        return cls(folder, config, ExperienceStore(folder / EPISODES_FOLDER))

    @property
    def model(self) -> Path:
        """The folder of the trained model."""
        return self.folder / "model"

    @property
    def finished(self) -> bool:
        """Whether training ran to the end of its budget."""
        return (self.folder / SUMMARY_FILE).exists()

    @property
    def summary(self) -> dict[str, Any]:
        """What ``summary.json`` says; ``Damaged`` or ``FileNotFoundError`` if it cannot be had."""
        found: dict[str, Any] = storage.read_json(self.folder / SUMMARY_FILE)
        return found

    def log(self, **values: Any) -> None:
        """Adds a line to ``metrics.jsonl``: everything here must be the same in a resumed run."""
        storage.append_line(self.folder / METRICS_FILE, json.dumps(values))

    def time(self, **values: Any) -> None:
        """Adds a line to ``timings.jsonl``, which no result depends on."""
        storage.append_line(self.folder / TIMINGS_FILE, json.dumps(values))

    def rewind(self, metrics: int, parts: int) -> None:
        """Drops what is newer than the checkpoint: metric lines and experience."""
        storage.truncate_lines(self.folder / METRICS_FILE, metrics)
        self.store.truncate(parts)

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of ``metrics.jsonl``; none if there are none yet."""
        path = self.folder / METRICS_FILE
        return storage.read_json_lines(path) if path.exists() else []


def kept_models(folder: Path, config: TrainConfig) -> list[Path]:
    """Where a run keeps the models on the way, oldest first; those not there yet are named too."""
    return [folder / KEPT_FOLDER / str(number) for number in range(1, config.keep + 1)]


def load_config(path: Path) -> TrainConfig:
    """The config of a run folder; ``Damaged`` or ``BadConfig`` say what is wrong with it."""
    found = storage.read_json(path)
    if not isinstance(found, dict):
        raise Damaged(f"{path} holds {type(found).__name__}; expected an object of settings")
    return TrainConfig.of(**found)


def made_by(command: str) -> dict[str, Any]:
    """Who made a result: command, commit, versions and machine."""
    packages = ("forethought", "torch", "transformers", "gymnasium", "numpy")
    return {
        "command": command,
        "commit": _commit(),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in packages}},
        "machine": machine(),
    }


def machine() -> str:
    """This machine in words: processor, cores, memory."""
    import os

    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
        kib = next(
            int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line
        )
        memory = f", {round(kib / 2**20)} GiB"
    except (OSError, StopIteration):
        memory = ""
    return f"{model}, {os.cpu_count()} cores{memory}, {platform.system()}"


def _version(package: str) -> str:
    try:
        return version(package)
    except Exception:
        warnings.warn(f"the version of {package} is not known", stacklevel=2)
        return "unknown"


def _commit() -> str:
    """The commit of this package's source, with a fingerprint of what was changed since; "unknown" where it lies in no
    repository of its own, such as in the virtual environment of another project.
    """
    package = Path(__file__).parents[1]

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=package, capture_output=True, text=True, check=True).stdout

    try:
        git("ls-files", "--error-unmatch", __file__)
        head, changed = git("rev-parse", "HEAD").strip(), git("diff", "HEAD", "--", ".")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+{hashlib.sha256(changed.encode()).hexdigest()[:8]}" if changed else head
