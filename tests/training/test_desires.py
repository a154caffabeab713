"""Self-chosen desires: what was met by chance is aimed at, most where it is met as often as not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from forethought.experience import ExperienceStore
from forethought.models import Model
from forethought.planning import Situation
from forethought.training import train
from forethought.training.desires import FURTHEST, LEAST, Competence, towards
from forethought.training.hindsight import wishes_met
from forethought.training.live import babble, live
from forethought.types import Ending, Episode, Progress
from forethought.worlds import make
from forethought.worlds.vector import StepResult

NewModel = Callable[..., Model]
KIND = ("cliff", 2)


def aimless(model: Model, world: str, count: int = 12) -> list[Episode]:
    worlds = [make(world, split="train") for _ in range(count)]
    return live(model, worlds, range(count), babble, policy="babble", rng=random.Random(0))


@pytest.mark.parametrize("name", ["cliff", "street"])
def test_what_was_met_by_chance_is_met_again_by_the_same_steps(new_model: NewModel, name: str) -> None:
    model, rng = new_model(), random.Random(1)
    found = 0
    for seed, episode in enumerate(aimless(model, name)):
        aim = Competence().choose(make(name, split="train"), episode, rng)
        if aim is None:
            assert not any(wish not in (None, episode.desire) for wish in wishes_met(make(name), episode))
            continue
        (wish, (world, steps)), found = aim, found + 1
        assert world == name and wish != episode.desire and 1 <= steps <= len(episode.steps)
        script = iter(step.action for step in episode.steps)

        def same(situations: Sequence[Situation], _: random.Random, script=script) -> list[str]:  # type: ignore[no-untyped-def]
            return [next(script) for _ in situations]

        (again,) = live(model, [make(name, split="train")], [seed], same, policy="practice", rng=rng, desires=[wish])
        assert again.desire == wish and again.ending is Ending.SATISFIED and min(len(again.steps), FURTHEST) == steps
        assert {step.progress for step in again.steps[:-1]} <= {Progress.ONGOING}
        assert again.observation == episode.observation
    assert found


def test_what_the_worlds_own_desire_decides_is_no_verdict_on_another_one() -> None:
    world = make("cliff", split="train")
    observation, _ = world.reset(seed=0)
    over = StepResult(observation, "You are here.", Progress.SATISFIED, terminated=True)
    told = towards(world, "Bring me the moon.", over)
    assert told.progress is Progress.ONGOING and told.ending is Ending.TIME_LIMIT
    warned = StepResult(observation, "", warning="this cannot be read")
    assert towards(world, "Bring me the moon.", warned) is warned


def test_what_is_met_as_often_as_not_is_chosen_most(new_model: NewModel) -> None:
    competence = Competence()
    for met in [True] * 60:
        competence.tried(KIND, met)
    for _ in range(60):
        competence.tried(("cliff", 3), False)
    assert competence.interest(KIND) < 0.06 and competence.interest(("cliff", 3)) < 0.06
    assert competence.interest(("cliff", 6)) == pytest.approx(0.25 + LEAST)
    world, rng, episodes = make("cliff", split="train"), random.Random(0), aimless(new_model(), "cliff", 60)
    several = [e for e in episodes if len({wish for wish in wishes_met(world, e) if wish not in (None, e.desire)}) > 1]
    far = {
        name: sum(aim[1][1] > 3 for e in several * 20 if (aim := known.choose(world, e, rng)))
        for name, known in (("before", Competence()), ("after", competence))
    }
    assert several and far["after"] > 1.2 * far["before"] > 0
    assert Competence().choose(make("errand"), Episode("errand", 1, "train", 0, "", "", (), Ending.FAILED), rng) is None


def test_a_run_practises_for_desires_of_its_own_and_remembers_how_that_went(tmp_path: Path) -> None:
    settings = dict(
        worlds=("cliff",), budget_tokens=8_000, batch_steps=8, first_episodes=16, live_every=2, live_episodes=8,
        practice_after=0.0, practice_share=1.0, own_desires=1.0, horizon=1, checkpoint_updates=2, precision="float32",
    )  # fmt: skip
    run = train(folder=tmp_path / "run", **settings)
    lived = list(ExperienceStore(run.folder / "episodes").episodes())
    seeds = Counter(episode.seed for episode in lived)
    assert set(seeds.values()) == {2}, "every situation is lived aimlessly first, and then for something"
    world = make("cliff", split="train")
    own = [e for e in lived if world.reset(seed=e.seed)[1]["desire"] != e.desire]
    assert own and {episode.policy for episode in own} == {"practice"}
