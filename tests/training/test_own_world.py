"""A world of one's own is named module:Class, and trained and measured like any other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forethought.errors import BadSetting, UnknownName
from forethought.evaluation import evaluate
from forethought.experience import ExperienceStore
from forethought.models import Model
from forethought.training import train
from forethought.types import Ending
from forethought.worlds import World, make, world_class

SOURCE = '''
from forethought import World


class Door(World):
    name = "door"

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.locked = bool(self.np_random.integers(2))
        return self.text(), {"desire": "Go out.", "candidates": self.candidates()}

    def candidates(self):
        return "unlock it", "push it"

    def text(self):
        return "The door is locked." if self.locked else "The door is closed."

    def step(self, action):
        out = action == "push it" and not self.locked
        self.locked = self.locked and action != "unlock it"
        info = {"change": "You are out." if out else "Nothing changes.", "progress": "satisfied" if out else "ongoing"}
        return "You are out." if out else self.text(), float(out), out, False, info | {"candidates": self.candidates()}


class Stuck(Door):
    name = "stuck door"

    def step(self, action):
        raise OSError("the handle came off")


class Drawer:
    """No world."""
'''
SMALL = {"budget_tokens": 3000, "batch_steps": 8, "first_episodes": 16, "live_episodes": 4, "precision": "float32"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "own_door.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    yield tmp_path
    assert sys.path == path
    sys.modules.pop("own_door", None)


def test_it_is_trained_and_measured_by_its_name(here: Path) -> None:
    run = train(folder=here / "run", worlds=("own_door:Door",), **SMALL)
    assert run.finished and {episode.world for episode in run.store.episodes()} == {"door"}
    records = evaluate(Model.from_pretrained(run.model), worlds=("own_door:Door",), n=4)
    assert {record.world for record in records} == {"own_door:Door"}
    assert {"exact", "horizon/1"} <= {record.metric for record in records}


def test_a_world_that_throws_is_recorded_with_what_it_raised(here: Path) -> None:
    with (
        pytest.warns(UserWarning, match="the handle came off"),
        pytest.raises(BadSetting, match="no step to learn from"),
    ):
        train(folder=here / "run", worlds=("own_door:Stuck",), **SMALL)
    with pytest.warns(UserWarning, match="the handle came off"):
        run = train(folder=here / "both", worlds=("own_door:Door", "own_door:Stuck"), **SMALL)
    stuck = [e for e in ExperienceStore(run.folder / "episodes").episodes() if e.world == "stuck door"]
    assert stuck and all(e.ending is Ending.WORLD_ERROR and "OSError: the handle came off" in e.failure for e in stuck)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("own_door:Dor", "has no attribute 'Dor'; expected module:Class"),
        ("own_dor:Door", "No module named 'own_dor'"),
        ("own_door:Drawer", "is no world; expected a class that inherits from forethought.World"),
        ("own_door:", "expected module:Class"),
        (":Door", "expected module:Class"),
    ],
)
def test_what_is_no_world_is_refused_before_anything_is_written(here: Path, name: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        world_class(name)
    with pytest.raises(BadSetting):
        train(folder=here / "run", worlds=(name,), **SMALL)
    assert not (here / "run").exists()


def test_a_misspelt_built_in_world_is_refused_before_anything_is_written(here: Path) -> None:
    with pytest.raises(UnknownName, match="errand"):
        train(folder=here / "run", worlds=("erand",), **SMALL)
    assert not (here / "run").exists()


def test_it_is_made_like_any_other(here: Path) -> None:
    world = make("own_door:Door", split="validation", seed=3)
    assert isinstance(world, World) and (world.name, world.split, world.first_seed) == ("door", "validation", 3)
