"""What a run in progress looks like."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from forethought.cli.display import Screen, Standing, duration, measured, number, table
from forethought.cli.quickstart import last_line

STANDING = Standing("imitation", "demonstrations", 500, 1000, 40, 0.25, None, 100.0, 5.0)


def drawn(standing: Standing) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(table([standing]))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_row_says_stage_likelihood_steps_speed_and_time_left() -> None:
    row = drawn(STANDING)
    for told in ("imitation", "demonstrations", "0.250", "40", "100", "0:05"):
        assert told in row


def test_what_is_not_known_yet_is_a_dash_not_a_crash() -> None:
    assert " - " in drawn(Standing("imitation", "starting"))
    assert number(float("nan"), "{:.1f}") == "-" and duration(float("nan")) == "-"


@pytest.mark.parametrize(("seconds", "words"), [(5, "0:05"), (65.4, "1:05"), (3665, "1:01:05"), (None, "-")])
def test_time_is_told_as_people_say_it(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_who_only_watches_has_no_divergence() -> None:
    assert measured("demonstrations", 1.0) is None
    assert measured("babble", 1.0) == 1.0


def test_where_nothing_can_be_redrawn_a_line_is_said_every_tenth() -> None:
    console = Console(file=io.StringIO(), width=200)
    with Screen(console, every=0.0) as screen:
        for tokens in range(0, 1000, 10):
            screen.show([Standing("imitation", "demonstrations", tokens, 1000, 1, 1.0)])
    assert isinstance(console.file, io.StringIO)
    assert len(console.file.getvalue().splitlines()) == 10


def test_the_newest_whole_line_of_a_growing_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert last_line(path) is None
    path.write_text('{"tokens": 1}\n{"tokens": 2}\ngarbage\n{"tokens": 3')
    assert last_line(path) == {"tokens": 2}
    path.write_text('{"tokens": 1, "x": "' + "a" * 9000 + '"}\n{"tokens": 5}\n')
    assert last_line(path) == {"tokens": 5}
