"""A noisy television, trained for real: learning progress leaves an outcome of pure chance, raw surprise stays with it.

The room and the question are those of Schmidhuber's and of Burda et al.'s (2018, arXiv:1808.04355) thought experiment.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forethought.training import Run, train

SOURCE = '''
from forethought import World

THINGS = ("lamp", "fan", "bell", "radio", "heater", "kettle")
SEEN = [f"{a} {b}" for a in ("red", "green", "blue", "grey", "pink", "gold", "black", "white")
        for b in ("boats", "birds", "cars", "trees", "stars", "faces", "clouds", "horses")]


class Room(World):
    """Two buttons work what the observation says; the television shows anything."""

    name = "room"

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        left, right = self.np_random.choice(len(THINGS), 2, replace=False)
        self.works = {"left": THINGS[left], "right": THINGS[right]}
        self.left_to_do = 8
        return self.text(), {"desire": "Look around.", "candidates": self.candidates()}

    def candidates(self):
        return "press left", "press right", "watch television"

    def text(self):
        return " ".join(f"The {side} button works the {thing}." for side, thing in self.works.items())

    def step(self, action):
        verb, _, what = action.partition(" ")
        shown = SEEN[self.np_random.integers(len(SEEN))]
        change = f"The {self.works[what]} hums." if verb == "press" else f"It shows {shown}."
        self.left_to_do -= 1
        info = {"change": change, "progress": "ongoing", "candidates": self.candidates()}
        return change, 0.0, False, not self.left_to_do, info
'''
TOKENS = 120_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder, patch = tmp_path_factory.mktemp("room"), pytest.MonkeyPatch()
    (folder / "noisy_room.py").write_text(SOURCE)
    with patch.context() as here:
        here.chdir(folder)
        yield folder
    sys.modules.pop("noisy_room", None)


def lived(folder: Path, curiosity: str) -> Run:
    return train(
        folder=folder / curiosity, worlds=("noisy_room:Room",), curiosity=curiosity, explore="curious", seed=0,
        budget_tokens=TOKENS, batch_steps=16, first_episodes=16, live_every=5, live_episodes=16, practice_after=1.0,
        practice_divergence=0.0, commit_rate=0.0, warmup_updates=10,
    )  # fmt: skip


def watched(run: Run) -> list[float]:
    """The share of steps spent before the television, in each fifth of what was lived."""
    verbs = [step.action.split()[0] for episode in run.store.episodes() for step in episode.steps]
    size = len(verbs) // 5
    return [verbs[i * size : (i + 1) * size].count("watch") / size for i in range(5)]


@pytest.mark.timeout(600)
def test_learning_progress_leaves_the_television_and_raw_surprise_does_not(folder: Path) -> None:
    progress, surprise = (watched(lived(folder, curiosity)) for curiosity in ("progress", "surprise"))
    assert sum(progress[1:]) / 4 < 0.5 < 0.6 < sum(surprise[1:]) / 4
    assert progress[-1] < progress[0] and surprise[-1] > surprise[0]
