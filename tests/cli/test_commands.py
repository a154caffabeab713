"""The command line: what it lists, how it refuses, and that each command does what its line says."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forethought import __version__
from forethought.cli import COMMANDS, main
from forethought.config import TrainConfig

Said = tuple[int, str, str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Said]:
    """Runs a command in an empty folder and returns its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, typed: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def one_line(err: str) -> str:
    """The error as a user sees it: one line, no traceback."""
    assert err.count("\n") == 1 and err.startswith("forethought: "), err
    return err


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_every_command_with_its_line(run: Callable[..., Said], words: tuple[str, ...]) -> None:
    code, out, _ = run(*words)
    assert code == 0
    assert all(re.search(rf"^  {name} +{line}$", out, re.M) for name, line in COMMANDS.items())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Callable[..., Said], command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0 and f"forethought {command}" in out


def test_the_version_is_told_and_the_module_runs_too(run: Callable[..., Said]) -> None:
    assert run("--version")[:2] == (0, f"forethought {__version__}\n")
    done = subprocess.run(
        [sys.executable, "-m", "forethought", "--version"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, f"forethought {__version__}\n")


def test_an_unknown_command_suggests_the_nearest(run: Callable[..., Said]) -> None:
    code, _, err = run("trian")
    assert code == 2 and "did you mean 'train'?" in one_line(err)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("worlds", "demo", "eranda"), "did you mean 'errand'?"),
        (("worlds", "demo", "errand", "--level", "9"), "expected 1 to 4"),
        (("worlds", "demo", "errand", "--axis", "combination"), "'train'"),
        (("worlds", "demo", "nowhere:World"), "cannot be imported"),
        (("worlds", "demo", "json:dumps"), "is no world"),
        (("play", "erand"), "did you mean 'errand'?"),
        (("report",), "no run folder was named"),
        (("report", "missing"), "there is no folder"),
        (("eval", "all"), "run 'forethought quickstart' first"),
        (("eval", "all", "--model", "missing"), "there is no folder"),
        (("train", "--learning-rate", "-1", "--folder", "run"), "learning_rate"),
        (("train", "--recipe", "quickstrat"), "did you mean 'quickstart'?"),
        (("train", "--recipe", "quickstart", "--seed", "one"), "--seed 'one' is not a whole number"),
    ],
)
def test_what_a_user_gets_wrong_is_told_in_a_line(run: Callable[..., Said], words: tuple[str, ...], told: str) -> None:
    code, _, err = run(*words)
    assert code == 2 and told in one_line(err)


def test_a_misspelt_option_is_refused_with_a_suggestion(run: Callable[..., Said]) -> None:
    code, _, err = run("train", "--sed", "3")
    assert code == 2 and "--seed" in err and "Traceback" not in err


def test_a_run_folder_with_other_settings_is_not_overwritten(run: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(TrainConfig.of(seed=3, budget_tokens=77).model_dump_json())
    code, _, err = run("train", "--folder", "run", "--seed", "4", "--quiet")
    assert code == 2 and "seed is 3 there and 4 here" in one_line(err)


def test_a_config_of_another_version_is_refused(run: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps({"version": 99}))
    code, _, err = run("train", "--config", "c.json")
    assert code == 2 and "version 99" in one_line(err)


# --- worlds ---


def test_worlds_are_listed_with_their_axes(run: Callable[..., Said]) -> None:
    for words in (("worlds",), ("worlds", "list")):
        code, out, _ = run(*words)
        assert code == 0 and "errand" in out and "cliff" in out and "near_driven" in out


def test_a_demonstration_shows_what_is_wished_done_and_caused(run: Callable[..., Said]) -> None:
    for policy in ("custom", "best", "random"):
        code, out, _ = run("worlds", "demo", "errand", "--policy", policy, "--split", "test", "--axis", "near_driven")
        assert code == 0
        assert out.startswith("desire") and "action" in out and "change" in out and "cost: " in out


def test_a_world_is_checked_built_in_or_ones_own(run: Callable[..., Said], tmp_path: Path) -> None:
    code, out, _ = run("worlds", "check", "errand", "--episodes", "3")
    assert code == 0 and "ok" in out
    (tmp_path / "mine.py").write_text(
        "from forethought.worlds import World\n"
        "class Broken(World):\n"
        "    name = 'broken'\n"
        "    def reset(self, *, seed=None, options=None):\n        return '[bold]x', {'desire': 'd'}\n"
        "    def step(self, action):\n        raise RuntimeError('boom')\n"
    )
    code, out, _ = run("worlds", "check", "mine:Broken", "--episodes", "2")
    assert code == 1 and "not ok" in out and "boom" in out


# --- play ---


def test_a_person_plays_by_number_and_by_words(run: Callable[..., Said]) -> None:
    code, out, _ = run("play", "errand", "--seed", "0", typed="1\n99\nfly [bold]home\nq\n")
    assert code == 0
    assert "nobody says what to expect" in out and "You want:" in out
    assert "What happens: You are at" in out
    assert "There is no action 99" in out and "'fly [bold]home' is not an action here" in out
    assert out.rstrip().endswith("Goodbye.")


def test_the_end_of_input_leaves_politely(run: Callable[..., Said]) -> None:
    code, out, err = run("play", "street", typed="")
    assert code == 0 and out.rstrip().endswith("Goodbye.") and not err


# --- what a pipe sees ---


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    program = f"{sys.executable} -m forethought worlds demo errand | true"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
