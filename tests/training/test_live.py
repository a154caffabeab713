"""Living side by side: a world that throws ends its own episode, and no world can be looked into."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from forethought.errors import Sealed
from forethought.models import Imagined, Model
from forethought.planning import Situation
from forethought.training.live import babble, curious, demonstrations, live
from forethought.transcript import Tokens
from forethought.types import Ending, Episode, Progress

Ladder = Callable[..., Any]


def _climb(situations: Sequence[Situation], rng: random.Random) -> list[str]:
    return ["climb" for _ in situations]


def _lived(model: Model, worlds: Sequence[Any], choose: Any = _climb, **settings: Any) -> list[Episode]:
    seeds = range(len(worlds))
    return live(model, worlds, seeds, choose, policy="test", rng=random.Random(0), **settings)


def test_episodes_are_recorded_as_they_happened(model: Model, ladder: Ladder) -> None:
    (episode,) = _lived(model, [ladder()])
    assert (episode.world, episode.desire, episode.policy) == ("ladder", "Climb the ladder.", "test")
    assert episode.observation == "You stand on the ground."
    assert [step.change for step in episode.steps] == ["You are on rung 1.", "You are on rung 2."]
    assert [step.progress for step in episode.steps] == [Progress.ONGOING, Progress.SATISFIED]
    assert episode.ending is Ending.SATISFIED


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_world_that_throws_in_a_step_ends_its_episode_and_the_others_go_on(
    place: int, model: Model, ladder: Ladder
) -> None:
    worlds = [ladder(fails="step" if i == place else "") for i in range(3)]
    episodes = _lived(model, worlds, commit_rate=1.0)
    assert len(episodes) == 3
    for i, episode in enumerate(episodes):
        assert episode.seed == i
        assert episode.ending is (Ending.WORLD_ERROR if i == place else Ending.SATISFIED)
        assert len(episode.steps) == (0 if i == place else 2)
        assert ("a rung broke" in episode.failure) is (i == place)


@pytest.mark.parametrize("place", [0, 1])
def test_a_world_that_throws_at_the_start_does_not_stop_the_others(place: int, model: Model, ladder: Ladder) -> None:
    episodes = _lived(model, [ladder(fails="reset" if i == place else "") for i in range(2)], commit_rate=1.0)
    (whole,) = [episode for episode in episodes if episode.ending is not Ending.WORLD_ERROR]
    assert whole.seed == 1 - place and whole.ending is Ending.SATISFIED


def test_worlds_are_sealed_while_choosing_and_not_afterwards(model: Model, ladder: Ladder) -> None:
    world, met = ladder(), []

    def peek(situations: Sequence[Situation], rng: random.Random) -> list[str]:
        for look in (world.facts, world.fork, world.demonstrator):
            with pytest.raises(Sealed, match="while an agent acts"):
                look()
            met.append(look.__name__)
        return _climb(situations, rng)

    _lived(model, [world], peek)
    assert met == ["facts", "fork", "demonstrator"] * 2
    assert world.facts() == {("rung", "2")}


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_predictions_are_committed_at_the_rate_asked_for(rate: float, model: Model, ladder: Ladder) -> None:
    steps = [s for e in _lived(model, [ladder(), ladder()], babble, commit_rate=rate) for s in e.steps]
    assert steps
    for step in steps:
        assert (step.prediction is not None) == bool(rate)
        assert (step.divergence.nll is not None) == (step.divergence.facts is not None) == bool(rate)
        assert step.divergence.latent is None


def test_predictions_are_made_before_the_world_steps(
    model: Model, ladder: Ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, imagine = ladder(), model.imagine

    def watched(*given: Any) -> list[list[Imagined]]:
        world.log.append("predicts")
        return imagine(*given)

    monkeypatch.setattr(model, "imagine", watched)
    _lived(model, [world], commit_rate=1.0)
    assert world.log == ["predicts", "step climb"] * 2


def test_a_warning_is_recorded_and_has_no_divergence(model: Model, ladder: Ladder) -> None:
    (episode,) = _lived(model, [ladder()], lambda situations, rng: ["fly"] * len(situations), commit_rate=1.0)
    assert episode.ending is Ending.TIME_LIMIT and len(episode.steps) == 3
    for step in episode.steps:
        assert step.warning == "'fly' is not an action here" and step.divergence.nll is step.divergence.facts is None


def test_a_world_without_candidates_lives_on_the_models_proposals(
    model: Model, ladder: Ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def propose(contexts: Sequence[Any], count: int, **_: Any) -> list[list[str]]:
        asked.append(len(contexts))
        return [["climb", "climb"] for _ in contexts]

    monkeypatch.setattr(model, "propose", propose)
    episodes = _lived(model, [ladder(lists=False), ladder()], babble)
    assert [step.action for step in episodes[0].steps] == ["climb", "climb"]
    assert asked == [1, 1], "only the world that lists none needs proposals"


def test_an_untrained_models_proposals_are_lived_too(model: Model, ladder: Ladder) -> None:
    (episode,) = _lived(model, [ladder(lists=False, lasts=2)], babble)
    assert episode.steps and episode.ending is not Ending.UNFINISHED
    again = _lived(model, [ladder(lists=False, lasts=2)], babble)
    assert [step.action for step in again[0].steps] == [step.action for step in episode.steps]


def test_babbling_tries_everything_before_it_repeats(model: Model, ladder: Ladder) -> None:
    situation = Situation(model.transcript.opening("d", "o"), ("a", "b", "c"), frozenset({"a", "c"}))
    assert {babble([situation], random.Random(seed))[0] for seed in range(9)} == {"b"}
    everything = Situation(situation.context, ("a", "b"), frozenset({"a", "b"}))
    assert {babble([everything], random.Random(seed))[0] for seed in range(9)} == {"a", "b"}


def test_a_life_leaves_the_models_own_random_state_alone(model: Model, ladder: Ladder) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    _lived(model, [ladder(lists=False, lasts=1)], babble, commit_rate=1.0)
    assert torch.equal(torch.get_rng_state(), before)


def test_demonstrations_pass_over_a_world_that_fails(ladder: Ladder) -> None:
    class Shown(ladder):  # type: ignore[misc, valid-type]
        def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
            return lambda: "climb"

    broken, lost, good = Shown(fails="step"), Shown(fails="reset"), Shown()
    episodes = demonstrations([broken, lost, good], [0, 1, 2])
    assert [e.seed for e in episodes if e.ending is Ending.SATISFIED] == [2]
    assert next(e for e in episodes if e.seed == 0).ending is Ending.WORLD_ERROR


def test_who_is_curious_takes_the_interesting_verb_more_often_and_a_new_one_as_often() -> None:
    situation = Situation(Tokens(), ("walk home", "walk out", "ride home", "fly home"), frozenset({"walk out"}))
    choose = curious({"walk": 0.1, "ride": 0.9})
    rng = random.Random(0)
    found = Counter(choose([situation], rng)[0] for _ in range(1900))
    assert set(found) == {"walk home", "ride home", "fly home"}, "what was tried is not tried again"
    assert found["walk home"] == pytest.approx(100, abs=40)
    assert found["ride home"] == pytest.approx(found["fly home"], rel=0.2)
    assert curious({})([situation], rng)[0] in situation.candidates
