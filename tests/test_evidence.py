"""What keeps the stored comparisons' records from one machine to the next (benchmarks/evidence)."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from forethought import storage
from forethought.errors import BadSetting

ARMS = ("developmental", "static-same")
HELD = "episodes/part-000000.parquet"


@pytest.fixture(scope="module")
def records() -> ModuleType:
    place = Path(__file__).parents[1] / "benchmarks" / "evidence" / "records.py"
    spec = importlib.util.spec_from_file_location("records", place)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lay(folder: Path, name: str, *, whole: bool = True) -> Path:
    """A run's folder as ``compare`` leaves it; one that is not whole is yet to be measured afresh."""
    run = folder / name
    for file in ("config.json", "measured.json") + (("fresh.json", "prompts.json") if whole else ()):
        storage.write_json(run / file, {"of": f"{name} {file}"})
    storage.write_json(run / "summary.json", {"commit": "abc"})
    storage.write_bytes(run / HELD, b"experience")
    storage.write_bytes(run / "model" / "model.safetensors", b"weights")
    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "street"
    storage.write_json(there / "plan.json", {"fresh": 30})
    return there


def kept(records: ModuleType, folder: Path, tmp_path: Path) -> Path:
    records.pack(folder, tmp_path / "kept.tar.xz", ARMS)
    records.unpack(tmp_path / "kept.tar.xz", tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


def test_what_is_done_is_the_same_elsewhere_without_weights(records: ModuleType, folder: Path, tmp_path: Path) -> None:
    for arm in ARMS:
        lay(folder, f"{arm}-0")
    there = kept(records, folder, tmp_path)
    names = {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()}
    files = ("config.json", "measured.json", "fresh.json", "prompts.json", "summary.json")
    assert names == {"plan.json", *(f"{arm}-0/{file}" for arm in ARMS for file in files)}
    assert storage.read_json(there / "static-same-0" / "fresh.json") == {"of": "static-same-0 fresh.json"}
    assert records.commit_of(there) == "abc"


def test_a_run_that_is_yet_to_be_measured_afresh_is_run_again(
    records: ModuleType, folder: Path, tmp_path: Path
) -> None:
    lay(folder, "developmental-0")
    lay(folder, "static-same-0", whole=False)
    assert not (kept(records, folder, tmp_path) / "static-same-0").exists()


def test_experience_is_kept_while_another_arm_has_to_learn_from_it(
    records: ModuleType, folder: Path, tmp_path: Path
) -> None:
    for name in ("tune-developmental-0", "tune-developmental-1", "developmental-0", "static-same-0", "developmental-1"):
        lay(folder, name)
    there = kept(records, folder, tmp_path)
    assert {path.name for path in there.iterdir() if (path / HELD).exists()} == {
        "tune-developmental-0", "tune-developmental-1", "developmental-1",
    }  # fmt: skip
    storage.write_json(folder / "tuning.json", {})
    records.pack(folder, tmp_path / "later.tar.xz", ARMS)
    records.unpack(tmp_path / "later.tar.xz", tmp_path / "later")
    assert not (tmp_path / "later" / "tune-developmental-0" / HELD).exists()


def test_what_is_kept_is_never_exchanged_for_less(records: ModuleType, folder: Path, tmp_path: Path) -> None:
    for name in ("developmental-0", "static-same-0"):
        lay(folder, name)
    there = kept(records, folder, tmp_path)
    shutil.rmtree(there / "static-same-0")
    before = (tmp_path / "kept.tar.xz").read_bytes()
    with pytest.raises(BadSetting, match="holds 2 runs"):
        records.pack(there, tmp_path / "kept.tar.xz", ARMS)
    assert (tmp_path / "kept.tar.xz").read_bytes() == before


def test_the_same_records_are_the_same_bytes(records: ModuleType, folder: Path, tmp_path: Path) -> None:
    lay(folder, "developmental-0")
    for name in ("one", "other"):
        records.pack(folder, tmp_path / name, ARMS)
        (folder / "plan.json").touch()
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
