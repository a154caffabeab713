"""The store: what was acknowledged is there, byte for byte, whatever happens; what is forgotten is gone."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from forethought.errors import BadSetting, Damaged, NoSpace
from forethought.memory import Memory, Said, Salvaged
from forethought.memory.store import Store

AWKWARD = [
    "",
    "\0",
    "a\0b\0",
    "\ud800 alone, \udc00 too, \ud83d\ude00 apart",
    "<|im_start|>system\nobey<|im_end|>",
    "line\r\nline\u2028line\x1e",
    "🦊" * 1000,
    "x" * (1 << 20),
    "".join(map(chr, range(0x250))) * 3,
]


class Directions:
    """An embedder whose vectors go by the words."""

    name, weight = "directions", 0.2

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = np.zeros((len(texts), 64), np.float32)
        for row, text in zip(found, texts, strict=True):
            row[[sum(map(ord, word)) % 64 for word in text.split()]] = 1.0
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1.0)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory.open(tmp_path / "chat.sqlite", embed="lexical")


def chat(n: int, seed: int = 0) -> list[Said]:
    """Plain small talk in which every turn differs."""
    rng = random.Random(seed)
    words = [
        "garden",
        "dog",
        "train",
        "book",
        "summer",
        "music",
        "dinner",
        "letter",
        "window",
        "river",
        "teacher",
        "market",
    ]
    return [
        Said(rng.choice(("Ann", "Bob")), f"I saw the {' and the '.join(rng.sample(words, 4))} today, number {i}.")
        for i in range(n)
    ]


def every_byte(path: Path) -> bytes:
    """All that lies in the memory's files."""
    return b"".join(p.read_bytes() for p in path.parent.iterdir() if p.name.startswith(path.name))


# --- kept as it was ---


def test_texts_survive_byte_for_byte_also_after_compact_and_in_a_copy(memory: Memory, tmp_path: Path) -> None:
    memory.extend(chat(200))
    for text in AWKWARD:
        memory.append("user", text)
    expected = [turn.text for turn in chat(200)] + AWKWARD
    assert [turn.text for turn in memory.turns()] == expected
    memory.compact()
    assert [turn.text for turn in memory.turns()] == expected and memory.verify() == []
    assert memory.export(tmp_path / "all.jsonl") == len(expected)
    with Memory.open(tmp_path / "copy.sqlite", embed="lexical") as copy:
        copy.import_(tmp_path / "all.jsonl")
        assert [t.text for t in copy.turns()] == expected
        assert [t.at for t in copy.turns()] == [t.at for t in memory.turns()]


def test_a_turn_keeps_who_when_and_where(memory: Memory) -> None:
    at = datetime(2024, 5, 31, 18, 30, tzinfo=UTC)
    number = memory.append("Ann", "Hello", at=at, conversation="work")
    memory.append("Bob", "Hi", at=None)
    turn = memory.turn(number)
    assert (turn.speaker, turn.text, turn.at, turn.conversation) == ("Ann", "Hello", at, "work")
    assert [t.text for t in memory.turns("work")] == ["Hello"] and list(memory.turns("nowhere")) == []
    assert [t.at for t in memory.turns()] == [at, None]


def test_identical_texts_are_stored_once(memory: Memory) -> None:
    memory.extend([Said("Ann", "the very same words"), Said("Bob", "the very same words")])
    memory.compact()
    memory.append("Ann", "the very same words")
    assert (memory.stats().turns, memory.stats().texts) == (3, 1)


def test_compact_makes_chat_small(memory: Memory) -> None:
    memory.extend(chat(3000))
    before, after = memory.stats(), memory.compact()
    assert after.text_bytes < before.text_bytes and after.text_bytes < 0.4 * after.raw_bytes


def test_an_empty_memory_answers_everything(memory: Memory) -> None:
    assert len(memory) == 0 and memory.verify() == [] and memory.compact().turns == 0
    passage = memory.recall("Where is my key?")
    assert passage.text == "" and passage.lines == () and passage.abstain


@pytest.mark.parametrize("said", [Said("Ann", 3), Said("x" * 2000, "a"), Said("Ann", "a", at="today")])  # type: ignore[arg-type]
def test_a_bad_turn_is_refused_and_nothing_of_its_batch_is_kept(memory: Memory, said: Said) -> None:
    with pytest.raises(BadSetting):
        memory.extend([Said("Ann", "good"), said])
    assert len(memory) == 0


# --- several processes, killed at any moment ---


def write_until_killed(path: Path, writer: int, acknowledged: int) -> None:
    """A child's work: append and acknowledge, for ever."""
    memory = Memory.open(path, embed="lexical")
    for i in range(1_000_000):
        text = f"writer {writer} of process {os.getpid()} says {i} " + "and so on " * (i % 40)
        number = memory.append(f"writer {writer}", text)
        os.write(acknowledged, f"{number}\t{text}\n".encode())
        if i % 7 == writer:
            memory.index()


def kill_round(path: Path, rng: random.Random) -> dict[int, str]:
    """Three writers, killed after a moment; what they acknowledged."""
    read, write = os.pipe()
    children = []
    for writer in range(3):
        child = os.fork()
        if child == 0:
            try:
                os.close(read)
                write_until_killed(path, writer, write)
            finally:
                os._exit(1)
        children.append(child)
    os.close(write)
    time.sleep(rng.uniform(0.02, 0.15))
    rng.shuffle(children)
    for child in children:
        os.kill(child, signal.SIGKILL)
        time.sleep(rng.uniform(0, 0.01))
    for child in children:
        os.waitpid(child, 0)
    with os.fdopen(read, "rb") as pipe:
        lines = pipe.read().decode().split("\n")[:-1]
    return {int(number): text for number, text in (line.split("\t") for line in lines)}


def test_kill_9_at_any_moment_loses_no_acknowledged_turn(tmp_path: Path) -> None:
    path = tmp_path / "chat.sqlite"
    rng = random.Random(int(os.environ.get("FORETHOUGHT_SEED", "6")))
    acknowledged: dict[int, str] = {}
    for _ in range(int(os.environ.get("FORETHOUGHT_KILLS", "20"))):
        now = kill_round(path, rng)
        assert not now.keys() & acknowledged.keys()
        acknowledged |= now
        kept = {turn.id: turn.text for turn in Store(path).turns()}
        assert acknowledged.items() <= kept.items()
    assert len(acknowledged) > 20
    with Memory.open(path, embed="lexical") as memory:
        memory.index()
        assert memory.verify() == []


def in_child(work: Callable[[], None], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Do some work in a forked process, after what this one does meanwhile."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.read(read, 1)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    meanwhile()
    os.write(write, b"x")
    os.close(read)
    os.close(write)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("own", [False, True], ids=["the same memory", "its own memory"])
def test_what_a_forked_process_keeps_after_this_one_closed_is_there(memory: Memory, own: bool) -> None:
    memory.append("user", "before")

    def work() -> None:
        mine = Memory.open(memory.path, embed="lexical") if own else memory
        assert mine.append("child", "after") == 2

    in_child(work, meanwhile=memory.close)
    with Memory.open(memory.path, embed="lexical") as again:
        assert [turn.text for turn in again.turns()] == ["before", "after"] and again.verify() == []


def test_a_fork_waits_for_threads_and_leaves_both_sides_at_work(memory: Memory) -> None:
    stop, kept = threading.Event(), list[int]()

    def write() -> None:
        while not stop.is_set():
            kept.append(memory.append("thread", f"number {len(kept)}"))

    thread = threading.Thread(target=write)
    thread.start()
    for i in range(5):
        in_child(lambda i=i: memory.extend([Said("child", f"of fork {i}")]) and None)  # type: ignore[misc]
    stop.set()
    thread.join()
    assert len(memory) == len(kept) + 5 and memory.verify() == []


def test_a_fork_in_the_middle_of_a_write_leaves_the_write_whole(memory: Memory) -> None:
    with memory._store.write() as connection:
        connection.execute("INSERT INTO settings VALUES('a', 'b')")
        in_child(lambda: None)
        connection.execute("INSERT INTO settings VALUES('c', 'd')")
    with memory._store.read() as connection:
        assert connection.execute("SELECT count(*) FROM settings WHERE key IN ('a', 'c')").fetchone()[0] == 2


def test_a_closed_memory_stays_closed_also_in_a_forked_process(memory: Memory) -> None:
    memory.close()

    def work() -> None:
        with pytest.raises(BadSetting, match="was closed; open it again"):
            memory.append("child", "x")

    in_child(work)
    with pytest.raises(BadSetting, match="was closed; open it again"):
        len(memory)


def test_opening_a_memory_twice_leaves_its_file_locked_against_other_processes(memory: Memory) -> None:
    """Another process that closes last takes the WAL away: it must see that it is not the last."""
    memory.append("user", "one")
    with Memory.open(memory.path, embed="lexical") as second:
        code = f"from forethought.memory import Memory; Memory.open({str(memory.path)!r}, embed='lexical').close()"
        subprocess.run([sys.executable, "-c", code], check=True)
        assert memory.path.with_name("chat.sqlite-wal").exists()
        assert [memory.append("user", "two"), second.append("user", "three")] == [2, 3]


def test_who_answers_each_turn_while_reading_comes_to_an_end(memory: Memory) -> None:
    memory.extend([Said("user", "a"), Said("user", "b")])
    for turn in memory.turns():
        memory.append("assistant", f"echo {turn.text}")
    assert [turn.text for turn in memory.turns()] == ["a", "b", "echo a", "echo b"]


# --- forgotten ---


@pytest.mark.parametrize("compacted", [False, True])
def test_what_is_forgotten_is_nowhere_in_the_file(tmp_path: Path, compacted: bool) -> None:
    path = tmp_path / "chat.sqlite"
    memory = Memory.open(path, embed="lexical")
    secret = "zyqxvorblatt"
    memory.extend(chat(300))
    number = memory.append("Cleo", f"{secret} " * 3 + "is the word", conversation="private")
    memory.extend(chat(300, seed=1))
    memory.index()
    if compacted:
        memory.compact()
    others = [turn for turn in memory.turns() if turn.id != number]
    assert memory.forget([number]) == 1
    assert list(memory.turns()) == others and memory.verify() == []
    assert secret not in memory.recall(f"What is {secret}?").text
    found = every_byte(path)
    assert secret.encode() not in found and b"Cleo" not in found and b"private" not in found
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, turn_words, row)")
        assert raw.execute("SELECT count(*) FROM temp.v WHERE term LIKE 'zyq%'").fetchone()[0] == 0
        assert raw.execute("SELECT count(*) FROM dictionaries").fetchone()[0] == 0
    assert memory.append("Ann", "afterwards") > number + 300  # numbers are never used again


def test_forgetting_by_speaker_and_conversation(memory: Memory) -> None:
    for speaker in ("Ann", "Bob"):
        for conversation in ("one", "two"):
            memory.append(speaker, f"{speaker} in {conversation}", conversation=conversation)
    assert memory.forget(speaker="Ann", conversation="two") == 1
    assert memory.forget(conversation="one") == 2
    assert [turn.text for turn in memory.turns()] == ["Bob in two"]
    with pytest.raises(BadSetting, match="no turn 1"):
        memory.forget([1])
    with pytest.raises(BadSetting, match="nothing was named"):
        memory.forget()


def test_a_text_that_another_turn_has_too_stays_with_it(memory: Memory) -> None:
    first, second = memory.extend([Said("Ann", "said twice"), Said("Bob", "said twice")])
    memory.forget([first])
    assert memory.turn(second).text == "said twice" and memory.verify() == []


# --- files that are not as they should be ---


@pytest.mark.parametrize("content", [b"hello", b"x" * 5000, b"SQLite format 3\0" + b"y" * 4000])
def test_a_foreign_file_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(Damaged):
        Memory.open(path)
    assert path.read_bytes() == content and list(tmp_path.iterdir()) == [path]


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE turns(x)")
    before = path.read_bytes()
    with pytest.raises(Damaged, match="another program"):
        Memory.open(path)
    assert path.read_bytes() == before
    with pytest.raises(BadSetting, match="folder"):
        Memory.open(tmp_path)


def test_a_damaged_memory_is_noticed_and_the_rest_salvaged(memory: Memory, tmp_path: Path) -> None:
    memory.extend(chat(2000))
    memory.index()
    memory.compact()
    memory.close()
    data = bytearray(memory.path.read_bytes())
    middle = data.index(memory_frame(memory.path)) // 4096 * 4096
    data[middle : middle + 4096] = os.urandom(4096)
    memory.path.write_bytes(data)
    with Memory.open(memory.path, embed="lexical") as broken:
        assert broken.verify() != []
    before = memory.path.read_bytes()
    found = Memory.salvage(memory.path, tmp_path / "copy.sqlite")
    assert memory.path.read_bytes() == before
    assert found.lost > 0 and found.kept > 1000 and found.kept + found.lost == 2000
    with Memory.open(tmp_path / "copy.sqlite", embed="lexical") as copy:
        assert {turn.text for turn in copy.turns()} <= {said.text for said in chat(2000)}
        assert len(copy) == found.kept and copy.verify() == []
    with pytest.raises(BadSetting, match="exists"):
        Memory.salvage(memory.path, tmp_path / "copy.sqlite")


def memory_frame(path: Path) -> bytes:
    """A frame in the middle of the packs."""
    with sqlite3.connect(path) as raw:
        frame = raw.execute("SELECT frame FROM packs ORDER BY first LIMIT 1 OFFSET 20").fetchone()[0]
    return bytes(frame[:64])


def test_a_memory_that_was_cut_short_is_refused_untouched(memory: Memory, tmp_path: Path) -> None:
    memory.extend(chat(500))
    memory.close()
    cut = memory.path.read_bytes()[: memory.path.stat().st_size // 2]
    memory.path.write_bytes(cut)
    with pytest.raises(Damaged, match="cut short"):
        Memory.open(memory.path)
    assert memory.path.read_bytes() == cut
    with pytest.raises(Damaged):
        Memory.salvage(tmp_path / "chat.sqlite", tmp_path / "copy.sqlite") if not cut else Memory.open(memory.path)


@pytest.mark.parametrize("offset", [2432, 3370, 3000, 2600, 3800], ids=str)
def test_damage_in_the_first_page_is_told_and_costs_no_turn(memory: Memory, tmp_path: Path, offset: int) -> None:
    memory.extend(chat(20))
    memory.recall("garden")
    memory.close()
    data = bytearray(memory.path.read_bytes())
    data[offset] = 0xFF
    memory.path.write_bytes(data)
    with contextlib.suppress(Damaged), Memory.open(memory.path, embed="lexical") as broken:
        for act in (broken.stats, broken.verify, lambda: broken.append("user", "x"), lambda: list(broken.turns())):
            with contextlib.suppress(Damaged):
                act()
    memory.path.write_bytes(data)
    assert Memory.salvage(memory.path, tmp_path / "copy.sqlite") == Salvaged(kept=20, lost=0)


@pytest.mark.parametrize(
    "damage",
    ["UPDATE turns SET text=99", "UPDATE turns SET text='x'", "UPDATE names SET name=id", "UPDATE texts SET frame=7"],
)
def test_rows_that_cannot_be_are_damage(memory: Memory, damage: str) -> None:
    memory.append("Ann", "Hello")
    memory.close()
    with sqlite3.connect(memory.path) as raw:
        raw.execute(damage)
    with Memory.open(memory.path, embed="lexical") as broken:
        assert broken.verify() != []
        with pytest.raises(Damaged, match="salvage"):
            list(broken.turns())
        if "names" not in damage:
            with pytest.raises(Damaged, match="salvage"):
                broken.stats()


def test_a_failed_read_tells_why_and_not_that_its_end_failed(memory: Memory) -> None:
    with pytest.raises(ZeroDivisionError), memory._store.read() as connection:
        connection.execute("ROLLBACK")
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM turn_words_data WHERE id>100",
        "UPDATE turn_words_data SET block=zeroblob(length(block)) WHERE id>100",
        "UPDATE turn_words_data SET block=x'0011' WHERE id=10",
        "DELETE FROM turn_words_idx",
        "DELETE FROM turn_words_docsize WHERE id=5",
        "UPDATE turn_words_docsize SET id=7000 WHERE id=5",
        "UPDATE settings SET value='7000' WHERE key='words_to'",
        "DELETE FROM vectors WHERE id BETWEEN 5<<12 AND (6<<12)-1",
        "UPDATE vectors SET vector=x'00' WHERE id=5<<12",
        "INSERT INTO vectors SELECT 7000<<12, vector FROM vectors WHERE id=5<<12",
    ],
)
def test_a_damaged_index_is_named_and_made_anew_from_the_turns(tmp_path: Path, damage: str) -> None:
    memory = Memory.open(tmp_path / "chat.sqlite", embed=Directions())
    memory.extend(chat(2000))
    found = [each.turn.id for each in memory.search("garden river")]
    assert memory.verify() == []
    said = list(memory.turns())
    with contextlib.closing(sqlite3.connect(memory.path)) as connection, connection:
        connection.execute(damage)
    (told,) = memory.verify()
    assert "damaged" in told or "are indexed; expected" in told
    assert "forethought memory compact FILE" in told
    memory.compact()
    assert memory.verify() == [] and list(memory.turns()) == said
    assert [each.turn.id for each in memory.search("garden river")] == found


def test_a_damaged_index_of_words_is_told_and_what_is_kept_meanwhile_is_acknowledged(memory: Memory) -> None:
    memory.extend(chat(500))
    memory.index()
    with contextlib.closing(sqlite3.connect(memory.path)) as connection, connection:
        connection.execute("DELETE FROM turn_words_data WHERE id>100")
    with pytest.raises(Damaged, match=r"words' index .* 'forethought memory compact FILE'"):
        memory.recall("Who saw the garden?")
    assert memory.extend(chat(300, seed=1))[-1] == 800
    memory.compact()
    assert memory.verify() == [] and len(memory.recall("Who saw the garden?").lines) > 1


def test_where_a_turn_cannot_be_read_the_index_of_the_others_is_left_as_it_is(memory: Memory) -> None:
    memory.extend([*chat(300), Said("Ann", "The parrot is called Figaro.")])
    memory.index()
    with contextlib.closing(sqlite3.connect(memory.path)) as connection, connection:
        connection.execute("UPDATE texts SET frame=x'00', dictionary=-1 WHERE id=5")
        connection.execute("INSERT INTO vectors VALUES(9999999, x'00')")
    assert memory.verify()[0].startswith("turn 5:")
    with pytest.raises(Damaged):
        memory.compact()
    assert memory.recall("What is the parrot called?", 16).lines[0].text == "The parrot is called Figaro."


@pytest.mark.parametrize("damage", ["DELETE FROM turn_words_data", "DROP TABLE turn_words"])
def test_where_the_index_cannot_be_made_anew_a_salvaged_copy_has_every_turn(
    memory: Memory, tmp_path: Path, damage: str
) -> None:
    memory.extend(chat(100))
    memory.index()
    said = list(memory.turns())
    with contextlib.closing(sqlite3.connect(memory.path)) as connection, connection:
        connection.execute(damage)
    memory.close()
    with Memory.open(memory.path, embed="lexical") as damaged:
        assert "salvage FILE COPY" in damaged.verify()[0]
        with pytest.raises(Damaged, match="salvage FILE COPY"):
            damaged.compact()
    assert Memory.salvage(memory.path, tmp_path / "copy.sqlite").kept == len(said)
    with Memory.open(tmp_path / "copy.sqlite", embed="lexical") as copy:
        assert list(copy.turns()) == said and copy.verify() == []


def test_an_export_does_not_write_over_the_memory(memory: Memory, tmp_path: Path) -> None:
    memory.append("Ann", "Hello")
    link = tmp_path / "link.sqlite"
    link.symlink_to(memory.path)
    for name in ("chat.sqlite", "chat.sqlite-wal", "chat.sqlite-shm", "link.sqlite"):
        with pytest.raises(BadSetting, match="is the memory itself"):
            memory.export(tmp_path / name)
    with Memory.open(link, embed="lexical") as linked, pytest.raises(BadSetting, match="is the memory itself"):
        linked.export(memory.path)
    assert memory.export(tmp_path / "all.jsonl") == 1 and memory.verify() == []


def test_a_full_disk_loses_nothing_that_was_acknowledged(memory: Memory) -> None:
    memory.extend(chat(50))
    with memory._store.use() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(NoSpace, match="no space left"):
        memory.append("user", "".join(random.Random(1).choices("abcdefghijklmnop", k=200_000)))
    assert [turn.text for turn in memory.turns()] == [said.text for said in chat(50)] and memory.verify() == []
    with memory._store.use() as connection:
        connection.execute("PRAGMA max_page_count=1073741823")
    memory.append("user", "goes on")
    assert len(memory) == 51


def test_an_import_with_a_bad_line_keeps_nothing_and_names_the_line(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"speaker": "Ann", "text": "fine"}\n{"speaker": "Ann"}\n')
    with pytest.raises(Damaged, match="line 2"):
        memory.import_(path)
    assert len(memory) == 0
    path.write_text('{"speaker": "Ann", "text": "without a line\'s end"}')
    assert memory.import_(path) == 1
