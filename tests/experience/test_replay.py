"""Replay: every kind of consequence gets its share, and a restart draws what an unbroken run would have drawn."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from forethought.errors import BadSetting, UnknownName
from forethought.experience import ExperienceStore, Replay, kind_of, situation_class
from forethought.types import Episode, Harm, Progress, Step


def episode(*steps: Step, world: str = "errand", seed: int = 0) -> Episode:
    return Episode(world, 1, "train", seed, "desire", "before", steps)


WALK = Step("walk to the car wash", "You are at the car wash. It took 2 minutes.", "there")
STUCK = Step("walk to the moon", "Nothing changes.", "here")
SERVED = Step("ask for the car to be washed", "The car has been washed.", "clean", Progress.SATISFIED)
REFUSED = Step("ask for the car to be washed", "Nothing changes.", "here")
SOLD = Step("ask for the car to be sold", "The car has been sold.", "gone", harm=Harm.HARMED)
MALFORMED = Step("xyzzy", "", "here", warning="'xyzzy' is not an action here")


def lopsided(**settings: object) -> Replay:
    """900 walks, 90 that lead nowhere, 8 refusals, 1 service, 1 sale, and what warned beside them."""
    replay = Replay(7, **settings)  # type: ignore[arg-type]
    for step, times in ((WALK, 900), (STUCK, 90), (REFUSED, 8), (SERVED, 1), (SOLD, 1)):
        for seed in range(times):
            replay.add(episode(MALFORMED, step, seed=seed))
    return replay


def shares(replay: Replay, updates: int = 40, n: int = 250) -> dict[tuple[object, ...], float]:
    """How often each class is drawn, without the world's name."""
    drawn: Counter[tuple[object, ...]] = Counter()
    for update in range(updates):
        for number, index in replay.sample(n, update):
            step = replay.episode(number).steps[index]
            drawn[situation_class("errand", step.action, step.change, step.progress, step.harm, step.warning)[1:]] += 1
    return {kind: count / (updates * n) for kind, count in drawn.items()}


CLASS = {
    step: situation_class("errand", step.action, step.change, step.progress, step.harm, step.warning)[1:]
    for step in (WALK, STUCK, SERVED, REFUSED, SOLD)
}


def test_a_class_is_read_from_text_alone() -> None:
    def of(action: str, change: str, warning: str = "") -> tuple[object, ...]:
        return situation_class("errand", action, change, "ongoing", "none", warning)

    assert of("Walk to  the bank", "You are at the bank. It took 2.5 minutes!") == (
        *("errand", "walk", False, 9, "ongoing", "none"),
    )
    assert of("walk home", "You are at home.") == of("walk to the bank", "A b c d.")
    assert of("walk", "Nothing changes.") == of("walk", " \n") == of("walk", "A.", "too late")
    assert of("walk", "A.") != of("drive", "A.") != of("drive", "A. B.")
    assert of("  ", "A.")[1] == of("", "A.")[1] == ""
    assert of("\x00<|im_end|> go", "Fin")[1:4] == ("\x00<|im_end|>", False, 1)
    assert situation_class("w", "a", "A.", Progress.FAILED, Harm.HARMED) == ("w", "a", False, 1, "failed", "harmed")


def test_each_outcome_of_a_verb_gets_the_same_share() -> None:
    drawn = shares(lopsided(floor=0.0))
    assert set(drawn) == set(CLASS.values())
    for step, expected in ((WALK, 1 / 4), (STUCK, 1 / 4), (SERVED, 1 / 6), (REFUSED, 1 / 6), (SOLD, 1 / 6)):
        assert drawn[CLASS[step]] == pytest.approx(expected, abs=0.02)


def test_the_floor_is_drawn_from_everything_alike() -> None:
    drawn = shares(lopsided(floor=0.4))
    for step, balanced, plain in ((WALK, 1 / 4, 0.9), (STUCK, 1 / 4, 0.09), (SERVED, 1 / 6, 0.001)):
        assert drawn[CLASS[step]] == pytest.approx(0.6 * balanced + 0.4 * plain, abs=0.02)
    for plain in (lopsided(floor=1.0), lopsided(balance="uniform")):
        drawn = shares(plain)
        assert drawn[CLASS[WALK]] == pytest.approx(0.9, abs=0.02)
        assert drawn[CLASS[REFUSED]] == pytest.approx(0.008, abs=0.005)


def test_steps_with_a_warning_are_never_drawn_but_keep_their_place() -> None:
    replay = lopsided()
    assert len(replay) == 1000 and sum(replay.classes().values()) == 1000
    assert {kind[1] for kind in replay.classes()} == {"walk", "ask"}
    assert {index for _, index in replay.sample(500, 0)} == {1}


def test_worlds_share_alike_and_each_step_of_a_class_too() -> None:
    replay = Replay(3, floor=0.0)
    for seed in range(4):
        replay.add(episode(WALK, WALK, seed=seed))
    replay.add(episode(WALK, world="cliff"))
    drawn = Counter(pair for update in range(40) for pair in replay.sample(100, update))
    assert drawn[4, 0] == pytest.approx(2000, abs=150)
    assert all(drawn[number, index] == pytest.approx(250, abs=60) for number in range(4) for index in range(2))


@pytest.mark.parametrize("interested", [False, True])
def test_a_world_with_many_verbs_gets_no_more_than_one_with_one(interested: bool) -> None:
    replay = Replay(0, floor=0.0)
    for verb in ("greet", "help", "shove", "rob", "call"):
        replay.add(episode(Step(f"{verb} Ana", "Ana feels calm.", "x"), world="street"))
    replay.add(episode(Step("walk east", "You are at B2.", "x"), world="cliff"))
    interest = dict.fromkeys(replay.classes(), 0.5) if interested else None
    drawn = Counter(replay.episode(n).world for update in range(40) for n, _ in replay.sample(250, update, interest))
    assert drawn["cliff"] / drawn.total() == pytest.approx(0.5, abs=0.02)


def test_what_is_mastered_leaves_its_share_to_its_neighbours() -> None:
    replay = Replay(0, floor=0.0)
    mastered = Step("wait", "It takes 10 minutes.", "x"), Step("climb up", "You are up there.", "x")
    news = Step("walk east", "You fall.", "x"), Step("walk east", "You are at B2.", "x")
    for step in (*mastered, *news):
        replay.add(episode(step, world="cliff"))
    replay.add(episode(STUCK))
    interest = {kind: 1.0 if kind[1] == "walk" else 0.1 for kind in replay.classes()}
    picks = [pick for update in range(40) for pick in replay.sample(250, update, interest)]
    drawn = Counter(kind_of(replay.episode(number), index)[:2] for number, index in picks)
    errand, cliff = 1.0, (1.0 + 0.1 + 0.1) / 3
    assert drawn["errand", "walk"] / drawn.total() == pytest.approx(errand / (errand + cliff), abs=0.02)
    assert drawn["cliff", "walk"] / drawn.total() == pytest.approx(cliff / (errand + cliff) / 1.2, abs=0.02)


def test_recent_steps_can_be_given_a_share() -> None:
    def newest(replay: Replay, bound: int) -> float:
        pairs = [pair for update in range(20) for pair in replay.sample(200, update)]
        return sum(number >= bound for number, _ in pairs) / len(pairs)

    def filled(**settings: object) -> Replay:
        replay = Replay(5, **settings)  # type: ignore[arg-type]
        for seed in range(1000):
            replay.add(episode(WALK if seed % 5 else REFUSED, seed=seed))
        return replay

    assert newest(filled(), 900) == pytest.approx(0.1, abs=0.03)
    assert newest(filled(recent_share=0.5), 900) == pytest.approx(0.55, abs=0.03)
    assert newest(filled(recent_share=1.0), 900) == 1.0
    assert newest(filled(recent_share=1.0, recent=10), 990) == 1.0
    assert newest(filled(recent_share=1.0, balance="uniform"), 900) == 1.0
    balanced = shares(filled(recent_share=1.0, floor=0.0), updates=20)
    assert balanced[CLASS[REFUSED]] == pytest.approx(0.5, abs=0.03)


def test_draws_depend_on_seed_update_and_content_alone() -> None:
    one, other = lopsided(), lopsided()
    for update in range(20):
        other.sample(13, update)  # what was drawn before, and in which order, leaves no trace
    for update in (30, 2, 30):
        assert one.sample(64, update) == other.sample(64, update)
    assert one.sample(64, 1) != one.sample(64, 2)
    assert one.sample(64, 1)[:16] == one.sample(16, 1)
    other.seed = 8
    assert one.sample(64, 1) != other.sample(64, 1)


def test_a_replay_rebuilt_from_the_store_equals_one_that_never_stopped(tmp_path: Path) -> None:
    store, unbroken, rebuilt = ExperienceStore(tmp_path), Replay(1), Replay(1)
    steps = (WALK, STUCK, MALFORMED, SERVED, REFUSED, SOLD, replace(WALK, action="go \ud800 \ud83d\ude97"))
    for seed in range(60):
        lived = episode(*(steps[(seed * k) % len(steps)] for k in range(seed % 4)), seed=seed)
        unbroken.add(lived)
        store.append([lived], stage="babble")
        if seed % 20 == 19:
            store.flush()
    for lived in ExperienceStore(tmp_path).episodes():
        rebuilt.add(lived)
    assert list(rebuilt.classes().items()) == list(unbroken.classes().items())
    assert len(rebuilt) == len(unbroken) > 50
    assert [rebuilt.sample(32, u) for u in range(20)] == [unbroken.sample(32, u) for u in range(20)]
    assert [rebuilt.episode(i) for i in range(60)] == [unbroken.episode(i) for i in range(60)]
    both = episode(SERVED, WALK)
    assert rebuilt.add(both) == unbroken.add(both) == 60
    assert rebuilt.sample(64, 99) == unbroken.sample(64, 99)


def test_a_world_that_tells_no_change_is_classed_by_its_outcome() -> None:
    replay = Replay(0)
    replay.add(episode(Step("look", "", "before"), Step("look", "", "A door. A key."), world="mine"))
    assert set(replay.classes()) == {
        ("mine", "look", True, 0, "ongoing", "none"),
        ("mine", "look", False, 4, "ongoing", "none"),
    }


def test_nothing_to_draw_from_and_bad_settings_are_said() -> None:
    with pytest.raises(BadSetting, match="no step to learn from"):
        Replay(0).sample(1, 0)
    only_warnings = Replay(0)
    only_warnings.add(episode(MALFORMED))
    only_warnings.add(episode())
    with pytest.raises(BadSetting, match="no step to learn from"):
        only_warnings.sample(1, 0)
    assert lopsided().sample(0, 0) == []
    for bad in ({"floor": -0.1}, {"floor": float("nan")}, {"recent_share": 1.5}, {"recent": 0}):
        with pytest.raises(BadSetting, match=next(iter(bad))):
            Replay(0, **bad)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="did you mean 'uniform'"):
        Replay(0, balance="unifrom")  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match="cannot draw -1"):
        lopsided().sample(-1, 0)
    with pytest.raises(BadSetting, match="it holds 1000"):
        lopsided().episode(1000)


def test_drawing_a_batch_costs_next_to_nothing() -> None:
    replay = Replay(0, recent_share=0.2)
    verbs = [Step(f"verb{v} it", ". ".join(["A"] * s) + ".", "") for v in range(12) for s in range(1, 6)]
    for seed in range(1000):
        replay.add(episode(*verbs, *verbs[:40], seed=seed))
    assert len(replay) == 100_000 and len(replay.classes()) == 60
    times = []
    for update in range(20):
        begun = time.perf_counter()
        replay.sample(256, update)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.002  # measured: about 0.3 ms


def test_interest_moves_the_shares_of_classes_and_leaves_the_floor() -> None:
    replay = lopsided(floor=0.2)
    kinds = list(replay.classes())
    walk = next(kind for kind in kinds if kind[1] == "walk" and not kind[2])
    drawn: Counter[str] = Counter()
    for update in range(40):
        for number, index in replay.sample(250, update, {kind: float(kind == walk) for kind in kinds}):
            drawn[replay.episode(number).steps[index].action] += 1
    walks = drawn[WALK.action] / drawn.total()
    assert walks == pytest.approx(0.8 + 0.2 * 0.9, abs=0.02)
    assert replay.sample(50, 3, {walk: 0.5}) == replay.sample(50, 3, {walk: 0.5})
