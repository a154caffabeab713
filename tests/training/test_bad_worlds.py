"""Worlds that misbehave in every way that a user's can: training and acting record it and go on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forethought.agent import Agent
from forethought.errors import WorldFailed
from forethought.models import Model
from forethought.planning import Planner
from forethought.training import train
from forethought.training.live import demonstrations
from forethought.types import Ending
from forethought.worlds import limits, make
from forethought.worlds.reading import facts_in, wish_met

SOURCE = """
import random, sys, time
from forethought import World

DICE = random.Random()


class Door(World):
    name = "door"

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.locked, self.bad = (bool(b) for b in self.np_random.integers(2, size=2))
        return self.text(), {"desire": "Go out."}

    def candidates(self):
        return "unlock it", "push it"

    def text(self):
        return "The door is locked." if self.locked else "The door is closed."

    def step(self, action):
        out = action == "push it" and not self.locked
        self.locked = self.locked and action != "unlock it"
        info = {"change": "You are out." if out else "Nothing changes.", "progress": "satisfied" if out else "ongoing"}
        return "You are out." if out else self.text(), float(out), out, False, info


class Bad(Door):
    def step(self, action):
        return self.worse(*super().step(action)) if self.bad else super().step(action)


class Hanging(Bad):
    name = "hanging"

    def worse(self, *outcome):
        time.sleep(30)


class Exiting(Bad):
    name = "exiting"

    def worse(self, *outcome):
        sys.exit("that is all")


class Wordless(Bad):
    name = "wordless"

    def worse(self, text, *rest):
        return text.encode(), *rest


class Priceless(Bad):
    name = "priceless"

    def worse(self, *outcome):
        return *outcome[:-1], {**outcome[-1], "cost": ("coins", 3)}


class Roaring(Bad):
    name = "roaring"

    def worse(self, text, *rest):
        return text + " Hear!" * 200_000, *rest


class Wavering(Door):
    name = "wavering"

    def candidates(self):
        self.listed = getattr(self, "listed", None) or ["unlock it", "push it"]
        DICE.shuffle(self.listed)
        return self.listed


class Seedless(Door):
    name = "seedless"

    def reset(self, **how):
        super().reset(**how)
        self.locked = DICE.random() < 0.5
        return self.text(), {"desire": "Go out."}


class Endless(Door):
    name = "endless"

    def step(self, action):
        return "The door is closed.", 0.0, False, False, {}


class Unread(Door):
    name = "unread"

    def read(self, text):
        raise KeyError("no such word")


class Unwished(Door):
    name = "unwished"

    def read(self, text):
        return frozenset()

    def desire_for(self, facts):
        time.sleep(30)


class Boasting(Door):
    name = "boasting"

    def demonstrator(self, quality="custom"):
        if self.bad:
            return lambda: time.sleep(30)
        return lambda: self.candidates()[0 if self.locked else 1]
"""
SMALL = {"budget_tokens": 3000, "batch_steps": 8, "first_episodes": 32, "live_episodes": 4, "precision": "float32"}
FAILS = {
    "hanging": "TookTooLong: it took longer than 0.1 s and was ended at",
    "exiting": "SystemExit: that is all",
    "wordless": "the observation is bytes",
    "priceless": "too many values to unpack",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "bad_doors.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("forethought.worlds.limits.STEP_SECONDS", 0.1)
    monkeypatch.setattr("forethought.worlds.vector.LONGEST_EPISODE", 5)
    yield tmp_path
    sys.modules.pop("bad_doors", None)


@pytest.mark.filterwarnings("ignore:world ")
def test_training_goes_on_whatever_a_world_does(here: Path, new_model: Callable[..., Model]) -> None:
    kinds = ("Hanging", "Exiting", "Wordless", "Priceless", "Roaring", "Wavering", "Seedless", "Endless")
    run = train(new_model(), folder=here / "run", worlds=tuple(f"bad_doors:{kind}" for kind in kinds), **SMALL)
    assert run.finished
    lived = list(run.store.episodes())
    assert {episode.world for episode in lived} == {kind.lower() for kind in kinds}
    for world, says in FAILS.items():
        failed = [e for e in lived if e.world == world and e.ending is Ending.WORLD_ERROR]
        assert failed and all(says in e.failure for e in failed)
        assert [e for e in lived if e.world == world and e.ending is Ending.SATISFIED], world
    fine = [e for e in lived if e.world not in FAILS]
    assert not [e for e in fine if e.failure]
    assert max(len(step.outcome) for e in lived if e.world == "roaring" for step in e.steps) == 8_192
    assert {e.ending for e in fine if e.world == "endless"} == {Ending.TIME_LIMIT}


def test_a_world_that_cannot_read_is_scored_by_sentences_and_has_no_hindsight(here: Path) -> None:
    world = make("bad_doors:Unread")
    with pytest.warns(UserWarning, match=r"world 'unread' failed in read\(\): KeyError: 'no such word'"):
        assert facts_in(world, "You are out.") == {("sentence", "You are out")}
    limits.watch()
    with pytest.warns(UserWarning, match=r"world 'unwished' failed in desire_for\(\): TookTooLong"):
        assert wish_met(make("bad_doors:Unwished"), "You are out.") is None


def test_a_demonstrator_that_hangs_ends_its_episode(here: Path) -> None:
    worlds = [make("bad_doors:Boasting") for _ in range(8)]
    shown = demonstrations(worlds, range(8))
    failed = [episode for episode in shown if episode.ending is Ending.WORLD_ERROR]
    assert 0 < len(failed) < 8 and all("its demonstrator: TookTooLong" in e.failure for e in failed)
    assert {e.ending for e in shown if e not in failed} == {Ending.SATISFIED}


def test_an_agent_in_a_world_that_hangs_hears_of_it(here: Path, model: Model) -> None:
    world = make("bad_doors:Hanging")
    with pytest.raises(WorldFailed, match=r"failed in step\(.*longer than 0\.1 s"):
        for seed in range(20):
            list(Agent(model, Planner(horizon=1)).live(world, seed=seed))
