"""What was reached is taken for what was desired, where training may ask for it, and the verdicts follow."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from forethought.config import TrainConfig
from forethought.experience import Replay
from forethought.models import Model, train_tokenizer, training_texts
from forethought.training.arms import fitted
from forethought.training.hindsight import Hindsight, in_hindsight, wishes_met
from forethought.training.lessons import Teacher
from forethought.training.live import babble, live
from forethought.transcript import Role
from forethought.types import Episode, Fact, Harm, Progress, Step
from forethought.worlds import World, make
from forethought.worlds.cliff import CliffWorld

WORLDS = ("errand", "cliff", "street")


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.from_scratch("nano", tokenizer=train_tokenizer(training_texts(WORLDS, [1], episodes=10), 500))


def episodes(model: Model, world: str, n: int = 80) -> list[Episode]:
    rng = random.Random(0)
    return live(model, [make(world, split="train") for _ in range(n)], range(n), babble, policy="", rng=rng)


@pytest.mark.parametrize("name", WORLDS)
def test_the_last_step_satisfies_and_none_before_it(model: Model, name: str) -> None:
    world, found = make(name, level=1, split="train"), 0
    for episode in episodes(model, name):
        for last, wish in enumerate(wishes_met(world, episode)):
            if wish is None:
                continue
            found += 1
            seen = in_hindsight(episode, last, wish)
            assert [step.progress for step in seen.steps] == [Progress.ONGOING] * last + [Progress.SATISFIED]
            assert [(s.action, s.change, s.outcome) for s in seen.steps] == [
                (s.action, s.change, s.outcome) for s in episode.steps[: last + 1]
            ]
            assert seen.desire == wish == world.desire_for(world.read(seen.steps[-1].outcome))
            assert not any(step.harm is Harm.HARMED for step in seen.steps)
    assert found > 15


def test_nothing_is_taken_for_desired_that_was_met_before_or_ended_in_harm(model: Model) -> None:
    world = make("cliff", level=1, split="train")
    episode = next(e for e in episodes(model, "cliff") if any(wishes_met(world, e)[1:2]))
    again = replace(episode, steps=(*episode.steps[:2], replace(episode.steps[1], action="wait")))
    assert wishes_met(world, again)[2] is None, "it was there already"
    hurt = replace(episode, steps=(replace(episode.steps[0], harm=Harm.HARMED), episode.steps[1]))
    assert wishes_met(world, hurt) == [None, None]
    warned = replace(episode, steps=(episode.steps[0], replace(episode.steps[1], warning="no")))
    assert wishes_met(world, warned)[1] is None


def test_a_world_that_cannot_say_what_was_met_is_learned_from_as_it_is() -> None:
    class Silent(World):
        name = "silent"

    steps = (Step("go", "You moved.", "You are there."),)
    episode = Episode("silent", 1, "train", 0, "Go.", "You are here.", steps)
    assert wishes_met(Silent(), episode) == [None]
    replay, hindsight = Replay(0), Hindsight({"silent": Silent()})
    replay.add(episode)
    hindsight.look(replay)
    assert hindsight.draw(random.Random(0)) is None


def test_pairs_are_of_one_step_and_episodes_are_looked_at_once(model: Model) -> None:
    world, replay = make("cliff", level=1, split="train"), Replay(0)
    lived, looks = episodes(model, "cliff", 60), list[str]()

    class Watched(CliffWorld):
        def desire_for(self, facts: frozenset[Fact]) -> str | None:
            looks.append("")
            return world.desire_for(facts)

    hindsight = Hindsight({"cliff": Watched()})
    for half in (lived[:30], lived[30:]):
        for episode in half:
            replay.add(episode)
        hindsight.look(replay)
        hindsight.look(replay)
    assert len(looks) <= sum(1 + len(episode.steps) for episode in lived)
    teacher = Teacher(model, TrainConfig.of(worlds=("cliff",), batch_steps=12, hindsight_share=0.5))
    for episode in lived:
        teacher.remember(episode)
    samples, kinds = teacher.lessons(0, {}).samples, teacher.lessons(0, {}).kinds
    for met, unmet in zip(samples[:6:2], samples[1:6:2], strict=True):
        assert [i for i, r in zip(met.ids, met.roles, strict=True) if r == Role.OBSERVATION] == [
            i for i, r in zip(unmet.ids, unmet.roles, strict=True) if r == Role.OBSERVATION
        ]
        assert met.ids != unmet.ids
    assert [kind[4] == "satisfied" for kind in kinds[:6]] == [True, False] * 3


def test_lessons_follow_from_seed_and_update_and_demonstrations_stay_as_they_are(model: Model) -> None:
    lived = episodes(model, "errand", 40)

    def drawn(update: int, **settings: object) -> tuple[list[list[int]], list[object]]:
        teacher = Teacher(model, fitted(TrainConfig.of(batch_steps=16, **settings)))
        for episode in lived:
            teacher.remember(episode)
        lessons = teacher.lessons(update, {})
        assert len(lessons.samples) == len(lessons.kinds) == 16 and not lessons.unrolls
        return [sample.ids for sample in lessons.samples], list(lessons.kinds)

    assert drawn(3) == drawn(3) != drawn(4)
    plain = drawn(3, hindsight_share=0.0)
    assert drawn(3, hindsight_share=1.0) != plain
    with pytest.warns(UserWarning, match=r"hindsight_share is 0\.0 in the arm 'imitation', not 1\.0"):
        wished = drawn(3, hindsight_share=1.0, arm="imitation")
    assert wished == drawn(3, hindsight_share=0.0, arm="imitation")
    wished = drawn(3, hindsight_share=1.0)[1]
    assert sum(kind[4] == "satisfied" for kind in wished) >= sum(kind[4] == "satisfied" for kind in plain[1])
