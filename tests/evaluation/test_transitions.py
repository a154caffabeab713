"""Evaluation asks about fresh situations, in which things go well and badly, and never about warnings."""

import pytest

from forethought.errors import BadSetting, UnknownName
from forethought.evaluation.transitions import FIRST_SEED, trajectories, transitions
from forethought.types import Harm, Progress
from forethought.worlds import make


@pytest.mark.parametrize("world", ["errand", "cliff", "street"])
def test_every_transition_has_a_situation_of_its_own_and_desires_are_met_and_missed(world: str) -> None:
    found = transitions(world, n=60)
    assert len(found) == len({each.seed for each in found}) == 60
    assert not any(step.warning for each in found for step in (*each.history, each.step))
    assert {Progress.ONGOING, Progress.SATISFIED} <= {each.step.progress for each in found}
    assert world == "errand" or Harm.HARMED in {each.step.harm for each in found}


def test_transitions_are_what_the_world_does() -> None:
    for each in transitions("errand", axis="near_driven", n=20):
        world = make("errand", split="test", axis="near_driven")
        observation, info = world.reset(seed=each.seed)
        assert (observation, info["desire"]) == (each.observation, each.desire)
        for step in (*each.history, each.step):
            observation, _, _, _, info = world.step(step.action)
            assert (info["change"], info["progress"], observation) == (step.change, step.progress, step.outcome)
        assert all(
            fact in world.facts() or fact[0] in ("stays", "missing", "takes", "refuses") for fact in each.changed
        )


def test_a_seed_decides_what_is_asked_and_training_situations_never_are() -> None:
    one, other = transitions("errand", n=10, seed=0), transitions("errand", n=10, seed=1)
    transitions.cache_clear()
    assert transitions("errand", n=10, seed=0) == one
    assert not {each.seed for each in one} & {each.seed for each in other}
    assert all(each.seed >= FIRST_SEED for each in transitions("errand", split="train", n=10))


def test_trajectories_all_reach_the_longest_horizon() -> None:
    found = trajectories("street", n=15, length=4)
    assert [len(each.steps) for each in found] == [4] * 15
    assert all(step.progress is Progress.ONGOING for each in found for step in each.steps[:3])


def test_what_cannot_be_asked_is_said() -> None:
    with pytest.raises(UnknownName, match="did you mean 'errand'"):
        transitions("erand")
    with pytest.raises(BadSetting, match="at least 1"):
        transitions("errand", n=0)
