"""What a result says about the source that made it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from forethought.training import run


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the source tree's shape in a repository, as if the package lay there."""
    source = tmp_path / "src" / "forethought" / "training" / "run.py"
    source.parent.mkdir(parents=True)
    source.write_text("one = 1\n")
    git(tmp_path, "init", "-q")
    monkeypatch.setattr(run, "__file__", str(source))
    return tmp_path


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_changes_of_the_source_are_part_of_its_commit(package: Path) -> None:
    git(package, "add", ".")
    git(package, "commit", "-qm", "one")
    head = git(package, "rev-parse", "HEAD")
    (package / "notes.txt").write_text("no source")
    assert run.made_by("x")["commit"] == head
    source = package / "src" / "forethought" / "training" / "run.py"
    source.write_text("one = 2\n")
    two = run.made_by("x")["commit"]
    source.write_text("one = 3\n")
    three = run.made_by("x")["commit"]
    assert two != three and two.startswith(f"{head}+") and three.startswith(f"{head}+")


def test_the_commit_of_somebody_elses_repository_is_not_ours(package: Path) -> None:
    (package / "mine.txt").write_text("my project")
    git(package, "add", "mine.txt")
    git(package, "commit", "-qm", "mine")
    assert run.made_by("x")["commit"] == "unknown"
