"""A disk that is really full, or read-only: a small file system of its own, where the machine lets us mount one."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from forethought.errors import NoSpace, NotWritable
from forethought.memory import Memory

SIZE = 6 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(memory: Memory, rng: random.Random, acknowledged: dict[int, str]) -> None:
    """Appends until there is no room."""
    for _ in range(5000):
        text = "".join(rng.choices("abcdefghijklmnop ", k=200))
        acknowledged[memory.append("user", text)] = text


def test_a_full_disk_loses_no_acknowledged_turn_and_goes_on_with_room(small_disk: Path) -> None:
    path, filler = small_disk / "chat.sqlite", small_disk / "filler"
    filler.write_bytes(bytes(SIZE // 4))
    rng, acknowledged = random.Random(4), dict[int, str]()
    memory = Memory.open(path, embed="lexical")
    for _ in range(3):  # it stays clear, however often one tries
        with pytest.raises(NoSpace, match="no space left"):
            fill(memory, rng, acknowledged)
    before = len(acknowledged)
    assert before > 256  # so that words were to be indexed too
    assert {turn.id: turn.text for turn in memory.turns()} == acknowledged and memory.verify() == []
    filler.unlink()
    with pytest.raises(NoSpace):
        fill(memory, rng, acknowledged)
    assert len(acknowledged) > before
    memory.close()
    with Memory.open(path, embed="lexical") as again:
        assert {turn.id: turn.text for turn in again.turns()} == acknowledged and again.verify() == []


def test_on_a_full_disk_what_is_indexed_is_found_and_how_much_waits_is_told(small_disk: Path) -> None:
    rng, acknowledged = random.Random(4), dict[int, str]()
    with Memory.open(small_disk / "chat.sqlite", embed="lexical") as memory:
        memory.append("user", "My locker code is 4821.")
        memory.index()
        (small_disk / "filler").write_bytes(bytes(SIZE * 3 // 4))
        with pytest.raises(NoSpace):
            fill(memory, rng, acknowledged)
        waiting = memory.stats().waiting
        assert waiting and len(memory) == len(acknowledged) + 1
        with pytest.warns(RuntimeWarning, match=f"no space left for the index .* {waiting} turns"):
            passage = memory.recall("What is my locker code?")
        assert passage.lines[0].text == "My locker code is 4821." and not passage.abstain
        with pytest.warns(RuntimeWarning, match="not found yet; free some space"):
            assert memory.search("locker code", 1)[0].turn.id == 1
        with pytest.raises(NoSpace):
            memory.index()
        (small_disk / "filler").unlink()
        assert memory.recall("What is my locker code?").lines[0].turn.id == 1  # without a warning
        assert memory.stats().waiting == 0


def test_a_disk_too_full_for_a_salvaged_copy_is_no_damage(small_disk: Path, tmp_path: Path) -> None:
    with Memory.open(tmp_path / "chat.sqlite", embed="lexical") as memory:
        memory.append("user", "My locker code is 4821.")
    for room in range(0, 1 << 18, 1 << 14):
        (small_disk / "filler").write_bytes(bytes(SIZE - room))
        with suppress(NoSpace):
            assert Memory.salvage(memory.path, small_disk / "copy.sqlite").kept == 1
            break
        assert [path.name for path in small_disk.iterdir()] == ["filler"]
    assert room


def test_a_memory_where_nothing_may_be_written_is_read(small_disk: Path) -> None:
    path = small_disk / "chat.sqlite"
    with Memory.open(path, embed="lexical") as memory:
        memory.append("user", "My locker code is 4821.")
        memory.index()
        memory.append("user", "The parrot is called Figaro.")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with Memory.open(path, embed="lexical") as memory:
        with pytest.warns(RuntimeWarning, match="no right to write the index of .*: 1 turns"):
            assert memory.recall("What is my locker code?").lines[0].text == "My locker code is 4821."
        assert memory.verify() == [] and memory.stats().turns == memory.export(small_disk.parent / "all.jsonl") == 2
        for change in (memory.compact, lambda: memory.append("user", "Hello"), lambda: memory.forget([1])):
            with pytest.raises(NotWritable, match="cannot be written"):
                change()
    with pytest.raises(NotWritable, match="Read-only"):
        Memory.salvage(path, small_disk / "copy.sqlite")
    with pytest.raises(NotWritable):
        Memory.open(small_disk / "new.sqlite", embed="lexical")


def test_a_memory_that_may_only_be_read_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a #1?.sqlite"
    with Memory.open(path, embed="lexical") as memory:
        memory.append("user", "My locker code is 4821.")
        memory.index()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with Memory.open(path, embed="lexical") as memory:
        assert memory.recall("What is my locker code?").lines[0].turn.id == 1
        with pytest.raises(NotWritable, match="cannot be written"):
            memory.append("user", "Hello")
        assert [each.name for each in tmp_path.iterdir()] == [path.name]
