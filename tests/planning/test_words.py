"""Imagination in words: one likeliest outcome, or the average of several that might come; guided by the latent part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from forethought.errors import BadSetting
from forethought.models import Imagined, Model
from forethought.planning import Future, GuidedDynamics, LatentDynamics, Planner, Situation, TokenDynamics, imagination
from forethought.planning.token import _average
from forethought.transcript import Tokens

DESIRE, SEEN = "Get the car washed.", "You are at home. The car is at home."
CANDIDATES = ("walk to the car wash", "drive the car to the car wash", "wait")


@pytest.fixture
def situation(model: Model) -> Situation:
    return Situation(model.transcript.opening(DESIRE, SEEN), CANDIDATES)


class Lottery(TokenDynamics):
    """A ticket wins once in four draws, and then that is that; what is drawn is counted."""

    def __init__(self, model: Model, samples: int) -> None:
        super().__init__(model, samples, seed=0)
        self.drawn: Counter[str] = Counter()
        self.model = _Drum(model, self.drawn)  # type: ignore[assignment]


class _Drum:
    def __init__(self, model: Model, drawn: Counter[str]) -> None:
        self.transcript, self.drawn = model.transcript, drawn

    def judge(self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]]) -> list[list[Imagined]]:
        return self.imagine(contexts, actions, 0.0, None)

    def imagine(
        self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]], temperature: float, generator: Any
    ) -> list[list[Imagined]]:
        found = []
        for here in actions:
            won = [temperature > 0 and float(torch.rand((), generator=generator)) < 0.25 for _ in here]
            found.append([Imagined("You win." if w else "Nothing changes.", float(w), 0.0, 0.0) for w in won])
            self.drawn.update(here)
        return found


def test_in_an_imagined_state_the_likeliest_of_what_was_possible_is_proposed(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn(self: Model, contexts: Sequence[Tokens], count: int, **_: Any) -> list[list[str]]:
        return [["swim", "", "swim"] for _ in contexts]

    def liked(self: Model, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]]) -> list[list[float]]:
        return [[-len(action) / 2 - 9 * (len(action) > 20) for action in here] for here in actions]

    monkeypatch.setattr(Model, "propose", drawn)
    monkeypatch.setattr(Model, "preferences", liked)
    dynamics = TokenDynamics(model)
    begun = dynamics.begin(
        [
            Situation(
                model.transcript.opening(DESIRE, SEEN), ("wait", "walk"), known=("wash it", "go to the moon and back")
            )
        ]
    )
    ((future,),) = dynamics.imagine(begun, [["walk"]])
    ((after,),) = dynamics.imagine([future.state], [["wait"]])
    for state in (future.state, after.state):
        assert set(dynamics.propose([state], 9)[0]) == {"swim", "wait", "walk", "wash it"}
        assert set(dynamics.propose([state], 3)[0]) == {"swim", "wait", "walk"}
    assert dynamics.propose(dynamics.begin([Situation(begun[0][0].context, ())]), 3) == [("swim",)]
    monkeypatch.setattr(Model, "propose", lambda self, contexts, count, **_: [[""] for _ in contexts])
    assert dynamics.propose(dynamics.begin([Situation(begun[0][0].context, ())]), 3) == [("wait",)]


def test_chance_is_averaged_over_draws(model: Model, situation: Situation) -> None:
    likeliest, drawn = Lottery(model, 1), Lottery(model, 200)
    for dynamics, low, high in ((likeliest, 0.0, 0.0), (drawn, 0.15, 0.35)):
        (future,) = dynamics.imagine(dynamics.begin([situation]), [["draw"]])[0]
        assert low <= future.satisfied <= high and future.text == "Nothing changes."
    assert drawn.drawn["draw"] == 200


def test_what_is_over_is_not_gone_on_from(model: Model, situation: Situation) -> None:
    dynamics = Lottery(model, 200)
    (future,) = dynamics.imagine(dynamics.begin([situation]), [["draw"]])[0]
    lost = round(200 * (1 - future.satisfied))
    (again,) = dynamics.imagine([future.state], [["draw"]])[0]
    assert dynamics.drawn["draw"] == 200 + lost == 200 + len(future.state)
    assert 0.1 <= again.satisfied <= 0.4
    assert all(len(state.context) > len(situation.context) for state in again.state)


def test_draws_come_from_the_model_and_their_seed(model: Model, situation: Situation) -> None:
    def drawn(seed: int) -> list[Any]:
        dynamics = TokenDynamics(model, samples=4, seed=seed)
        return dynamics.imagine(dynamics.begin([situation]), [CANDIDATES])[0]

    assert drawn(1) == drawn(1) != drawn(2)
    again = TokenDynamics(model, samples=4, seed=1)
    for _ in range(2):
        assert again.imagine(again.begin([situation]), [CANDIDATES])[0] == drawn(1), "every decision begins anew"
    assert len({state.imagined.text for future in drawn(1) for state in future.state}) > 3
    (options,) = Planner(horizon=2, budget=20).options(TokenDynamics(model, 3), [situation])
    assert {option.action for option in options} == set(CANDIDATES)
    with pytest.raises(BadSetting, match="0 samples of an outcome"):
        TokenDynamics(model, 0)


def test_guided_words_take_cost_and_disagreement_from_the_latent_part(model: Model, situation: Situation) -> None:
    guided, words, latent = GuidedDynamics(model), TokenDynamics(model), LatentDynamics(model)
    ((mine,), (told,), (felt,)) = (
        dynamics.imagine(dynamics.begin([situation]), [CANDIDATES]) for dynamics in (guided, words, latent)
    )
    for one, in_words, in_latent in zip(mine, told, felt, strict=True):
        assert one == replace(in_words, cost=in_latent.cost, disagreement=in_latent.disagreement)
    after = guided.imagine([mine[0].state], [CANDIDATES[2:]])[0][0]
    assert after.reach is None and after.state[0].context.ids[: len(situation.context)] == situation.context.ids


def test_an_imagination_is_chosen_by_name(model: Model) -> None:
    assert [imagination(model, kind).name for kind in (None, "words", "guided", "latent")] == [
        "guided", "words", "guided", "latent",
    ]  # fmt: skip
    plain = Model(model.lm, model.tokenizer)
    assert imagination(plain).name == "words" and imagination(plain, samples=5).name == "words x 5"
    with pytest.raises(BadSetting, match="no latent dynamics"):
        imagination(plain, "guided")
    with pytest.raises(BadSetting, match="leave them at 1"):
        imagination(model, "latent", samples=3)


def test_success_and_harm_that_exclude_each_other_are_not_multiplied() -> None:
    good, bad = Future(1.0, 0.0, 0.0, reach=0.2, state=[]), Future(0.0, 0.0, 1.0, reach=0.9, state=[])
    mean = _average([good, bad])
    assert mean.harmed == 0.5 and mean.satisfied * (1 - mean.harmed) == pytest.approx(0.5)
    assert mean.reach == pytest.approx(0.55), "all are over, so all are gone on from"
    going = Future(0.0, 0.0, 0.0, reach=0.4, state=[])
    assert _average([good, going]).reach == pytest.approx(0.4)
