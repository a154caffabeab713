"""A damaged memory: all that is still there is copied, and the file itself is never written to."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from forethought.errors import Damaged
from forethought.memory import Memory, Said, Salvaged

CHAT = [Said(("Ann", "Bob")[i % 2], f"I walked {i} miles along the river, said number {i * i}.") for i in range(400)]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory.open(tmp_path / "chat.sqlite", embed="lexical")


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize(
    ("start", "length"), [(0, 100), (0, 4096), (4096, 4096)], ids=["header", "first page", "the page of names"]
)
def test_a_lost_first_page_or_name_costs_no_text(
    memory: Memory, tmp_path: Path, compacted: bool, start: int, length: int
) -> None:
    memory.extend(CHAT)
    memory.index()
    if compacted:
        memory.compact()
    memory.close()
    data = bytearray(memory.path.read_bytes())
    data[start : start + length] = random.Random(3).randbytes(length)
    memory.path.write_bytes(data)
    copy = tmp_path / "copy.sqlite"
    assert Memory.salvage(memory.path, copy) == Salvaged(kept=400, lost=0)
    assert memory.path.read_bytes() == data and sorted(tmp_path.glob("*tmp*")) == []
    with Memory.open(copy, embed="lexical") as salvaged:
        assert [turn.text for turn in salvaged.turns()] == [said.text for said in CHAT]
        names = {turn.speaker for turn in salvaged.turns()}
        assert names == {said.speaker for said in CHAT} or (start and all("lost name" in name for name in names))
        assert salvaged.verify() == []


def test_a_lost_first_page_loses_nothing_that_was_in_the_wal(memory: Memory, tmp_path: Path) -> None:
    memory.extend(CHAT)
    broken = tmp_path / "broken.sqlite"
    for tail in ("", "-wal"):  # as a power cut leaves it
        shutil.copy(f"{memory.path}{tail}", f"{broken}{tail}")
    data = bytearray(broken.read_bytes())
    data[:4096] = bytes(4096)
    broken.write_bytes(data)
    assert Memory.salvage(broken, tmp_path / "copy.sqlite").kept == 400


@pytest.mark.parametrize("content", [b"", b"hello", b"x" * 50_000])
def test_of_what_is_no_memory_nothing_is_salvaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(Damaged, match="nothing could be read"):
        Memory.salvage(path, tmp_path / "copy.sqlite")
    assert path.read_bytes() == content and list(tmp_path.iterdir()) == [path]
