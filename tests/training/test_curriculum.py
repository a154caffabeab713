"""Curiosity: learning progress leaves what is mastered and what is pure chance; raw surprise stares at chance."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest

from forethought.config import TrainConfig
from forethought.errors import BadSetting
from forethought.models import Model
from forethought.training.curriculum import LEAST_SHARE, Acquaintance, Curriculum

NewModel = Callable[..., Model]
LEARNED, CHANCE, LEARNING = (("w", verb, False, 3, "ongoing", "none") for verb in ("known", "noise", "new"))


def heeded(curiosity: str, rounds: int = 300, seed: int = 0, **settings: float) -> dict[object, float]:
    """Interest after one class was mastered long ago, one is pure chance, and one is just being learned."""
    rng, curriculum = random.Random(seed), Curriculum(TrainConfig.of(curiosity=curiosity, **settings))
    for i in range(rounds):
        nats = [0.01, rng.choice([1.0, 2.0, 3.0]), 3.0 if i < rounds - 60 else 3.0 - 0.045 * (i - rounds + 60)]
        curriculum.heed([LEARNED, CHANCE, LEARNING], nats)
    return dict(curriculum.interest())


def test_learning_progress_goes_where_something_is_learned() -> None:
    for seed in range(10):
        interest = heeded("progress", seed=seed)
        assert interest[LEARNING] == 1.0 and interest[LEARNED] == LEAST_SHARE and interest[CHANCE] < 0.5


def test_raw_surprise_stares_at_chance_and_mastery_gives_it_no_more_than_its_share() -> None:
    surprise, mastery = heeded("surprise"), heeded("mastery")
    assert surprise[CHANCE] > 0.7 and surprise[LEARNED] == LEAST_SHARE
    assert mastery[CHANCE] == mastery[LEARNING] == 1.0 and mastery[LEARNED] == LEAST_SHARE
    assert heeded("none") == {}


def test_what_surprises_most_may_take_several_shares_where_there_is_no_chance() -> None:
    mastery = heeded("mastery", largest_share=4.0)
    assert 3.0 < mastery[CHANCE] <= 4.0 and mastery[LEARNED] == LEAST_SHARE
    with pytest.raises(BadSetting, match="largest_share"):
        TrainConfig.of(largest_share=0.5)


def test_what_is_new_counts_with_all_its_surprise() -> None:
    known = Acquaintance()
    for _ in range(5):
        known.heed(2.0)
    assert known.progress == pytest.approx(2.0) and known.times == 5


def test_forgetting_counts_as_much_as_learning() -> None:
    known = Acquaintance()
    for nats in [0.1] * 200 + [2.0] * 40:
        known.heed(nats)
    assert known.quick > known.slow and known.progress > 0.3


def test_a_verb_is_as_interesting_as_its_most_interesting_outcome() -> None:
    curriculum = Curriculum(TrainConfig.of(curiosity="mastery", mastered_nats=1.0))
    kinds = [("w", "walk", False, 3, "ongoing", "none"), ("w", "walk", True, 0, "ongoing", "none"), LEARNED]
    curriculum.heed([*kinds, ("v", "walk", False, 3, "ongoing", "none")], [0.3, 0.6, 0.0, 0.9])
    assert curriculum.interest_in("w") == {"walk": pytest.approx(0.6), "known": LEAST_SHARE}
    assert curriculum.interest_in("nowhere") == {}


def test_a_checkpoint_keeps_what_is_known() -> None:
    curriculum = Curriculum(TrainConfig.of(curiosity="progress"))
    curriculum.heed([LEARNED, CHANCE], [0.5, 1.5])
    other = Curriculum(TrainConfig.of(curiosity="progress"))
    curriculum.competence.tried(("cliff", 2), True)
    other.restore(json.loads(json.dumps(curriculum.state())))
    assert other.state() == curriculum.state() and other.competence.interest(("cliff", 2)) < 0.3
    assert other.interest() == curriculum.interest()
