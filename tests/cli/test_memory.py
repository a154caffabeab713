"""``forethought memory``: a conversation kept, asked about, moved and forgotten from the shell."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from forethought.cli import main
from forethought.memory import Memory


def test_a_memory_lives_through_its_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def say(*words: str) -> tuple[int, str, str]:
        code = main(["memory", *words])
        return code, *capsys.readouterr()

    assert say("add", "chat.sqlite", "My locker code is 4821.")[:2] == (0, "turn 1\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("From the input\x1b[31m."))
    assert say("add", "chat.sqlite", "-", "--speaker", "Ann", "--at", "2024-05-31T18:30")[0] == 0
    code, out, err = say("recall", "chat.sqlite", "What is my locker code?", "--embed", "lexical")
    assert code == 0 and "user: My locker code is 4821." in out and "lexical, confidence 1.00" in err
    assert "\x1b" not in say("recall", "chat.sqlite", "What was from the input?", "--embed", "lexical")[1]
    code, _, err = say("recall", "chat.sqlite", "Who is the dentist?", "--embed", "lexical")
    assert code == 1 and "nothing here seems to answer" in err
    assert (
        "nothing that was found fits"
        in say("recall", "chat.sqlite", "What is my locker code?", "--budget-tokens", "2")[2]
    )
    assert (
        say("recall", "chat.sqlite", "What is my locker code?", "--conversation", "work", "--embed", "lexical")[0] == 1
    )
    at = ["What was said yesterday?", "--embed", "lexical", "--at"]
    assert "From the input" in say("recall", "chat.sqlite", *at, "2024-06-01")[1]
    assert say("recall", "chat.sqlite", *at, "tomorrow")[0] == 2
    assert say("export", "chat.sqlite", "all.jsonl")[0] == 0
    assert say("import", "copy.sqlite", "all.jsonl")[1] == "2 turns imported\n"
    assert say("verify", "copy.sqlite")[:2] == (0, "2 turns, every text as it was kept\n")
    assert "turns          2" in say("stats", "copy.sqlite")[1] and say("compact", "copy.sqlite")[0] == 0
    assert say("forget", "copy.sqlite", "--turn", "1") == (0, "1 turns forgotten\n", "")
    assert say("forget", "copy.sqlite", "--speaker", "Eve")[:2] == (
        1,
        "0 turns forgotten: none has that conversation or speaker\n",
    )
    assert say("salvage", "copy.sqlite", "third.sqlite")[0] == 0
    assert b"4821" not in b"".join(path.read_bytes() for path in tmp_path.glob("copy.sqlite*"))


@pytest.mark.parametrize("command", [["verify"], ["stats"], ["compact"], ["recall"], ["export"]])
def test_an_empty_file_is_no_memory_to_look_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    path = tmp_path / "empty.sqlite"
    path.touch()
    rest = {"recall": ["What?"], "export": [str(tmp_path / "all.jsonl")]}.get(command[0], [])
    assert main(["memory", *command, str(path), *rest]) == 2
    assert "is empty, so it holds no memory" in capsys.readouterr().err
    assert path.stat().st_size == 0 and list(tmp_path.iterdir()) == [path]


def test_what_is_piped_in_has_no_newline_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("two lines\nof text\n\n"))
    assert main(["memory", "add", str(tmp_path / "chat.sqlite"), "-"]) == 0
    with Memory.open(tmp_path / "chat.sqlite", embed="lexical") as memory:
        assert memory.turn(1).text == "two lines\nof text\n"


def test_turns_go_through_the_shells_pipes(tmp_path: Path) -> None:
    with Memory.open(tmp_path / "chat.sqlite", embed="lexical") as memory:
        memory.append("user", "My locker code is 4821.")
    run, all_, copy = f"{sys.executable} -m forethought memory", tmp_path / "all.jsonl", tmp_path / "copy.sqlite"
    shell = (
        f"echo before > {all_}; {run} export {memory.path} - >> {all_}; tail -n 1 {all_} | {run} import {copy} -; "
        f"{run} import {copy} <(tail -n 1 {all_})"
    )
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout == "1 turns imported\n1 turns imported\n", done.stderr
    assert done.stderr == "1 turns exported to -\n"
    assert [line[:8] for line in all_.read_text().splitlines()] == ["before", '{"id": 1']


def test_salvage_of_a_memory_without_turns_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Memory.open(tmp_path / "chat.sqlite", embed="lexical").close()
    assert main(["memory", "salvage", str(tmp_path / "chat.sqlite"), str(tmp_path / "copy.sqlite")]) == 0
    assert "holds no turns" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["recall", "none.sqlite", "What?"], "there is no file"),
        (["add", "text.txt", "x"], "not a memory"),
        (["add", "m.sqlite", "x", "--at", "noon"], "ISO 8601"),
        (["import", "m.sqlite", "none.jsonl"], "there is no file"),
        (["import", "m.sqlite", "."], "cannot be read"),
        (["recall", "x" * 300, "What?"], "File name too long"),
        (["export", "text.txt", "text.txt/all.jsonl"], "not a memory"),
        (["salvage", "text.txt", "text.txt/copy.sqlite"], "cannot be written"),
    ],
)
def test_mistakes_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("notes")
    assert main(["memory", *words]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1 and not Path("m.sqlite").exists()
