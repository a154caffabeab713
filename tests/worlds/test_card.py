"""A world's card says what there is to say, of any world, and those of the built-in worlds are up to date."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forethought.cli import main
from forethought.errors import BadSetting, UnknownName, WorldFailed
from forethought.worlds import BUILT_IN, world_class
from forethought.worlds.card import RANDOM, card, scored, without_numbers

CARDS = Path(__file__).resolve().parents[2] / "docs" / "worlds"
SOURCE = '''
import time
from forethought import World


class Bare(World):
    """Nothing that is not asked for. <b>Really.</b>"""

    name = "bare"

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return "A | pipe\\nand <script>.", {"desire": "Wait."}

    def step(self, action):
        self.steps += 1
        return "You waited.", float(self.steps == 3), self.steps == 3, False, {}


class Gone(Bare):
    def reset(self, *, seed=None, options=None):
        raise OSError("no such place")


class Breaks(Bare):
    name = "breaks"

    def candidates(self):
        return "wait", "go [b]home"

    def step(self, action):
        if self.steps == 1:
            raise OSError("it broke")
        return super().step(action)

    def demonstrator(self, quality="custom"):
        raise RuntimeError("nobody knows how")
'''


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "own_bare.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("own_bare", None)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_cards_in_the_docs_are_up_to_date(name: str) -> None:
    command = f"forethought worlds card {name} --output docs/worlds/{name}.md"
    assert (CARDS / f"{name}.md").exists(), f"there is no card; run: {command}"
    written = (CARDS / f"{name}.md").read_text("utf-8")
    assert without_numbers(written) == without_numbers(card(name, episodes=1)), f"it is out of date; run: {command}"
    assert written != without_numbers(written)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_card_says_everything_of_a_built_in_world(name: str) -> None:
    cls, text = world_class(name), card(name, episodes=1)
    assert cls.harms and cls.harms in text and cls.summary[1:] in text
    assert all(f"| `{axis}` | {what} |" in text for axis, what in cls.axes.items())
    assert all(f"| `{probe}` | {what} |" in text for probe, what in cls.probes.items())
    assert all(f"- level {level}: " in text for level in cls.levels)
    assert "as the demonstrator `best` does" in text and "| 3 |" in text and "It ended: satisfied." in text
    assert text.count("any candidate at random") == len(cls.levels) == text.count("demonstrator `custom` |")


def test_scores_are_what_was_lived() -> None:
    best = scored(world_class("errand"), 1, "best", 20)
    chance = scored(world_class("errand"), 1, RANDOM, 20)
    assert best and chance
    assert best.satisfied >= 0.95 and best.harmed == best.failed == 0 and best.speed > 0
    assert chance.satisfied < best.satisfied and best.steps < chance.steps
    again = scored(world_class("errand"), 1, RANDOM, 20)
    assert again and (again.satisfied, again.harmed, again.steps) == (chance.satisfied, chance.harmed, chance.steps)


def test_a_world_without_extras_has_a_card_too(here: Path) -> None:
    text = card("own_bare:Bare", episodes=3)
    for said in (
        "# The world `bare`",
        "one level, 1",
        "- level 1: Wait.",
        "The world lists no candidates",
        "The world does not say (`harms`).",
        "the splits differ in their seeds alone",
        "asks no minimal pairs",
        "> A | pipe and &lt;script>.",
        "at random",
        "It ended: satisfied.",
        "| 1 | any candidate at random | 100% | 0% | 0% | 3.0 |",
    ):
        assert said in text, said
    assert "demonstrator" not in text


def test_a_world_that_fails_on_the_way_says_so_on_its_card(here: Path) -> None:
    text = card("own_bare:Breaks", episodes=2)
    assert "OSError: it broke" in text and "It ended: world error." in text
    assert "| 1 | any candidate at random | 0% | 0% | 100% | 1.0 |" in text
    assert "| 1 | demonstrator `best` | 0% | 0% | 100% | 0.0 |" in text


def test_what_has_no_card_is_told(here: Path) -> None:
    with pytest.raises(WorldFailed, match="no such place"):
        card("own_bare:Gone")
    with pytest.raises(UnknownName, match="did you mean 'errand'"):
        card("erand")
    with pytest.raises(BadSetting, match="expected at least 1"):
        card("errand", episodes=0)


def test_a_world_that_hangs_does_not_hold_up_its_card(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SOURCE + "\n\nclass Sleeps(Bare):\n    def step(self, action):\n        time.sleep(30)\n"
    (here / "own_bare.py").write_text(source)
    monkeypatch.setattr("forethought.worlds.limits.STEP_SECONDS", 0.01)
    monkeypatch.setattr("forethought.worlds.card.WALKS", 2)
    start = time.monotonic()
    assert "No step can be taken: WorldFailed" in card("own_bare:Sleeps", episodes=1)
    assert time.monotonic() - start < 20


def test_the_command_prints_a_card_or_writes_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worlds", "card", "own_bare:Bare", "--episodes", "2"]) == 0
    printed = capsys.readouterr().out
    assert main(["worlds", "card", "own_bare:Bare", "--episodes", "2", "--output", "pages/bare.md"]) == 0
    assert capsys.readouterr().out == "Card: pages/bare.md\n"
    assert without_numbers((here / "pages" / "bare.md").read_text()) == without_numbers(printed)
    assert main(["worlds", "card", "own_bare:Gone"]) == 2
    assert "no such place" in capsys.readouterr().err
