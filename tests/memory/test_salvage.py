"""A damaged memory: all that is still there is copied, and the file itself is never written to."""

from __future__ import annotations

import errno
import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from forethought.errors import BadSetting, Damaged, NoSpace, NotWritable
from forethought.memory import Memory, Said, Salvaged
from forethought.memory.store import Store

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


@pytest.mark.parametrize("compacted", [False, True])
def test_a_text_that_is_not_the_one_that_was_kept_is_lost(memory: Memory, tmp_path: Path, compacted: bool) -> None:
    memory.extend(CHAT)
    memory.index()
    if compacted:
        memory.compact()
    memory.close()
    with sqlite3.connect(memory.path) as raw:  # a frame that can be read, of other words
        table, number = ("packs", "first") if compacted else ("texts", "id")
        raw.execute(
            f"UPDATE {table} SET dictionary=0, frame=? WHERE {number}=(SELECT max({number}) FROM {table})",
            (b"wrong\xffwords" if compacted else b"wrong words",),
        )
    with Memory.open(memory.path, embed="lexical") as broken:
        wrong = len(broken.verify())
    assert wrong > 0
    assert Memory.salvage(memory.path, tmp_path / "copy.sqlite") == Salvaged(kept=400 - wrong, lost=wrong)
    with Memory.open(tmp_path / "copy.sqlite", embed="lexical") as copy:
        assert {turn.text for turn in copy.turns()} <= {said.text for said in CHAT}


def test_where_no_fingerprints_are_left_all_texts_are_kept(memory: Memory, tmp_path: Path) -> None:
    memory.extend(CHAT)
    memory.close()
    with sqlite3.connect(memory.path) as raw:
        raw.execute("DELETE FROM digests")
    assert Memory.salvage(memory.path, tmp_path / "copy.sqlite") == Salvaged(kept=400, lost=0)


def test_through_a_link_what_is_in_the_wal_is_salvaged_and_opened(memory: Memory, tmp_path: Path) -> None:
    memory.extend(CHAT)
    (tmp_path / "killed").mkdir()
    for tail in ("", "-wal"):
        shutil.copy(f"{memory.path}{tail}", tmp_path / "killed" / f"chat.sqlite{tail}")
    link = tmp_path / "link.sqlite"
    link.symlink_to(tmp_path / "killed" / "chat.sqlite")
    assert Memory.salvage(link, tmp_path / "copy.sqlite") == Salvaged(kept=400, lost=0)
    with Memory.open(link, embed="lexical") as opened:
        assert len(opened) == 400


def test_a_whole_memory_without_turns_is_copied(memory: Memory, tmp_path: Path) -> None:
    memory.close()
    assert Memory.salvage(memory.path, tmp_path / "copy.sqlite") == Salvaged(kept=0, lost=0)
    with Memory.open(tmp_path / "copy.sqlite", embed="lexical") as copy:
        assert len(copy) == 0


def test_where_no_copy_can_be_made_the_place_is_told(memory: Memory, tmp_path: Path) -> None:
    memory.extend(CHAT)
    memory.close()
    (tmp_path / "file").touch()
    with pytest.raises(NotWritable, match=r"cannot be written: Not a directory.*Choose another"):
        Memory.salvage(memory.path, tmp_path / "file" / "copy.sqlite")
    with pytest.raises(BadSetting, match="File name too long"):
        Memory.salvage(tmp_path / ("x" * 300), tmp_path / "copy.sqlite")


@pytest.mark.parametrize("aside", [True, False])
def test_a_disk_too_full_for_the_copy_is_no_damage(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aside: bool
) -> None:
    memory.extend(CHAT)
    memory.close()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def full_later(*_: object) -> list[int]:
        raise NoSpace("no space left")

    with monkeypatch.context() as patched, pytest.raises(NoSpace, match="no space left"):
        patched.setattr(*((os, "write", full) if aside else (Store, "extend", full_later)))
        Memory.salvage(memory.path, tmp_path / "copy.sqlite")
    assert list(tmp_path.iterdir()) == [memory.path]
    assert Memory.salvage(memory.path, tmp_path / "copy.sqlite").kept == 400
