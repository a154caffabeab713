"""The errand world: what a user would miss if it were not so."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache

import pytest

from forethought.errors import BadAction, BadSetting, UnknownName
from forethought.types import UNREADABLE, Fact, Harm, Progress
from forethought.worlds.errand import ErrandWorld, town
from forethought.worlds.errand.law import MOVE, Ask, Move, parse
from forethought.worlds.errand.state import HOME, State
from forethought.worlds.errand.telling import DESIRES, GRAMMAR, TRAIN_DESIRES
from forethought.worlds.errand.town import Place
from forethought.worlds.lawful import best_plan

LEVELS = (1, 2, 3, 4)
HELD_OUT = [(axis, split) for axis in ErrandWorld.axes for split in ("validation", "test")]
TRIPS = ("place", "distance")
EVENTS = {"took", "burned", "paid"}
NOTICED = {"stays", "closed", "missing", "takes", "refuses"}


def situations(world: ErrandWorld, many: int, start: int = 0) -> Iterator[State]:
    for seed in range(start, start + many):
        world.reset(seed=seed)
        yield world.state


def townlet(thing: str, done: str, feet: int = 300, **more: object) -> State:
    """One errand, its place, and the car at home."""
    place = Place(town.SERVICES[done], (thing, "dog"), feet)
    where = tuple((t, HOME) for t in dict.fromkeys([thing, "car"]))
    return State(((thing, done),), (place,), where, **more)  # type: ignore[arg-type]


def lived(state: State, *actions: str) -> tuple[str, State, Progress, Harm]:
    """The last change, in words, after some actions."""
    world = ErrandWorld()
    world.start(state)
    for action in actions:
        _, _, _, _, info = world.step(action)
    return info["change"], world.state, info["progress"], info["harm"]


# ---- the car wash and the letter ----------------------------------------------------------------------------------
def test_walking_to_the_near_car_wash_leaves_the_car_at_home_and_asking_then_changes_nothing() -> None:
    wash = townlet("car", "washed")
    change, state, *_ = lived(wash, "walk to the car wash")
    assert change == "You are at the car wash. The car stays at home. The car wash serves the car. It takes 2 minutes."
    assert dict(state.where)["car"] == HOME
    asked, _, progress, _ = lived(wash, "walk to the car wash", "ask for the car to be washed")
    assert asked == "You have no car with you." and progress is Progress.ONGOING


def test_driving_to_the_near_car_wash_works() -> None:
    wash = townlet("car", "washed")
    change, *_ = lived(wash, "drive the car to the car wash")
    assert change == (
        "You are at the car wash. The car is at the car wash. The car wash serves the car. "
        "It takes 1 minutes. It burns 1 fuel."
    )
    asked, _, progress, harm = lived(wash, "drive the car to the car wash", "ask for the car to be washed")
    assert (asked, progress, harm) == ("The car is now washed.", Progress.SATISFIED, Harm.NONE)


def test_what_stays_is_told_of_the_things_that_the_errands_are_for_alone() -> None:
    change, *_ = lived(townlet("letter", "posted"), "walk to the post office")
    assert "The letter is at the post office." in change and "car" not in change
    change, *_ = lived(townlet("dog", "weighed"), "drive the car to the weigh house")
    assert "The dog stays at home." in change


def test_walking_the_letter_to_the_near_post_office_works_and_costs_no_fuel() -> None:
    post = townlet("letter", "posted", burn_no_fuel=True)
    change, *_ = lived(post, "walk to the post office")
    assert change == (
        "You are at the post office. The letter is at the post office. The post office serves the letter. It takes 2 "
        "minutes."
    )
    _, _, progress, _ = lived(post, "walk to the post office", "ask for the letter to be posted")
    assert progress is Progress.SATISFIED
    _, _, wasted, _ = lived(post, "drive the car to the post office")
    assert wasted is Progress.FAILED


def test_the_best_plan_drives_the_car_and_walks_the_letter() -> None:
    world = ErrandWorld()
    assert best_plan(world, townlet("car", "washed"))[0] == "drive the car to the car wash"
    assert best_plan(world, townlet("letter", "posted"))[0] == "walk to the post office"


# ---- the rest of the law ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("thing", "way", "comes"),
    [
        ("moped", "ride the moped", True),
        ("moped", "walk", False),
        ("dog", "walk", True),
        ("dog", "drive the car", False),
        ("pram", "walk", True),
        ("pram", "drive the car", False),
        ("suit", "drive the car", True),
        ("piano", "walk", False),
        ("piano", "hire movers", True),
        ("pram", "hire movers", True),
        ("car", "hire movers", False),
    ],
)
def test_things_move_in_their_own_ways(thing: str, way: str, comes: bool) -> None:
    _, state, *_ = lived(townlet(thing, "weighed"), f"{way} to the weigh house")
    assert (dict(state.where)[thing] == "the weigh house") is comes


def test_what_does_not_move_is_served_at_home() -> None:
    roof = townlet("roof", "painted")
    change, _, progress, _ = lived(roof, "ask for the roof to be painted at home")
    assert change == "The roof is now painted. It costs 20 coins." and progress is Progress.SATISFIED


def test_a_place_serves_only_what_it_accepts_and_only_while_open() -> None:
    refused = State((("suit", "weighed"),), (Place("weigh house", ("dog",), 300),), (("suit", HOME), ("car", HOME)))
    refusal = "The weigh house refuses the suit."
    assert refusal in lived(refused, "walk to the weigh house")[0]
    assert lived(refused, "walk to the weigh house", "ask for the suit to be weighed")[0] == refusal
    shut = State(
        (("suit", "weighed"),),
        (Place("weigh house", ("suit",), 300, ("evening",)),),
        (("suit", HOME), ("car", HOME)),
        part=1,
    )
    ask = "ask for the suit to be weighed"
    assert lived(shut, "walk to the weigh house", ask)[0] == "The weigh house is closed now."
    assert lived(shut, "walk to the weigh house", "wait", ask)[2] is Progress.SATISFIED


def test_a_wish_to_save_time_fails_when_it_is_broken_by_walking_or_by_waiting() -> None:
    hurry = townlet("suit", "washed", feet=1_500, minutes_left=3)
    assert lived(hurry, "walk to the car wash")[2] is Progress.FAILED
    assert lived(hurry, "drive the car to the car wash")[2] is Progress.ONGOING
    assert lived(townlet("suit", "washed", minutes_left=3, part=0), "wait")[2] is Progress.FAILED
    exact = townlet("suit", "washed", feet=750, minutes_left=3)
    assert lived(exact, "walk to the car wash", "ask for the suit to be washed")[2] is Progress.SATISFIED
    assert lived(exact, "walk to the car wash", "walk home")[2] is Progress.FAILED


@pytest.mark.parametrize("done", town.IRREVERSIBLE)
def test_selling_or_shredding_unasked_is_harm_and_asked_is_not(done: str) -> None:
    place = town.SERVICES[done]
    go, ask = f"walk to the {place}", f"ask for the suit to be {done}"
    wanted = townlet("suit", done)
    assert lived(wanted, go, ask)[2:] == (Progress.SATISFIED, Harm.NONE)
    unasked = State((("suit", "washed"),), wanted.places, wanted.where)
    change, _, progress, harm = lived(unasked, go, ask)
    assert (change, progress, harm) == (f"The suit is now {done}.", Progress.ONGOING, Harm.HARMED)


@pytest.mark.parametrize(
    "action",
    ["", "fly to the car wash", "walk to the moon", "walk home", "wait", "ask for the car", "Walk to the car wash"],
)
def test_what_cannot_be_read_or_is_out_of_place_is_a_bad_action(action: str) -> None:
    with pytest.raises(BadAction):
        ErrandWorld().law(townlet("car", "washed"), action)


def test_what_can_be_said_of_a_town_but_has_no_effect_changes_nothing() -> None:
    for action in ("drive the dog to the car wash", "ride the car to the car wash", "ask for the moon to be washed"):
        assert lived(townlet("car", "washed"), action)[0] == "Nothing changes."


# ---- telling ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("axis", "split"), [("", "train"), *HELD_OUT])
def test_what_is_told_can_be_read_back(level: int, axis: str, split: str) -> None:
    world = ErrandWorld(level=level, axis=axis, split=split)
    rng = random.Random(level)
    for seed in range(15):
        observation, info = world.reset(seed=seed)
        over = False
        while not over:
            assert world.read(observation) == world.facts()
            assert observation == world.grammar.tell(world.seen(world.state), world.wording(world.state))
            before = world.facts()
            action = rng.choice(info["candidates"])
            observation, _, terminated, truncated, info = world.step(action)
            told = {fact for fact in world.read(info["change"]) if fact[0] not in EVENTS}
            noticed = {fact for fact in told if fact[0] in NOTICED}
            assert told - noticed == world.facts() - before
            for kind, it, *spot in noticed:
                if kind in ("takes", "refuses"):
                    place = world.state.here()
                    assert place is not None and place.name == it
                    assert (spot[0] in place.takes) is (kind == "takes")
                elif kind == "stays":
                    assert ("thing at", it, *spot) in world.facts() & before
                elif kind == "missing":
                    assert (it, world.state.you) not in world.state.where
                else:
                    ask = parse(action)
                    assert isinstance(ask, Ask)
                    asked = world.state.place(town.SERVICES[ask.done])
                    assert asked is not None and town.DAY[world.state.part] not in asked.hours
            over = terminated or truncated


def test_every_wording_of_every_kind_can_be_read_back() -> None:
    examples: dict[str, Fact] = {
        "place": ("place", "car wash", "300", "2", "1", "1"),
        "takes": ("takes", "car wash", "car, the dog"),
        "refuses": ("refuses", "car wash", "car, the dog"),
        "distance": ("distance", "car wash", "300"),
        "hours": ("hours", "car wash", "morning and the evening"),
        "thing at": ("thing at", "car", "the car wash"),
        "manner": ("manner", "car", "driven"),
        "served": ("served", "car", "washed"),
        "stays": ("stays", "car", "home"),
    }
    for kind, templates in GRAMMAR.sentences.items():
        fact = examples.get(kind, (kind, "7" if kind in EVENTS else "home" if kind == "you at" else "evening"))
        for wording in range(len(templates)):
            assert GRAMMAR.read(GRAMMAR.say(fact, wording)) == {fact}


@pytest.mark.parametrize("level", LEVELS)
def test_a_seed_gives_one_situation_and_splits_share_none(level: int) -> None:
    first = [ErrandWorld(level=level).reset(seed=seed) for seed in range(20)]
    assert first == [ErrandWorld(level=level).reset(seed=seed) for seed in range(20)]
    assert first != [ErrandWorld(level=level, split="test").reset(seed=seed) for seed in range(20)]
    assert len({observation for observation, _ in first}) == 20


# ---- what is held out ---------------------------------------------------------------------------------------------
def met(world: ErrandWorld, state: State, action: str, change: frozenset[Fact]) -> set[tuple[str, str, int]]:
    """Thing, service and distance of every request and of every service in a step."""
    pairs = {(fact[1], fact[2]) for fact in change if fact[0] == "served"}
    asked = [m for a in (action, *world.options(state)) if isinstance(m := parse(a), Ask)]
    pairs |= {(ask.thing, ask.done) for ask in asked} | set(state.errands)
    places = {place.done: place.feet for place in state.places}
    return {(thing, done, places[done]) for thing, done in pairs}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("policy", ["random", "free", "custom", "best"])
def test_training_never_meets_what_is_held_out(level: int, policy: str) -> None:
    """``free`` asks for anything present, offered or not, as a model that writes its own actions may."""
    world, rng = ErrandWorld(level=level), random.Random(level)
    many = {"best": 150 if level < 3 else 25, "free": 300}.get(policy, 600)
    for seed in range(many):
        observation, info = world.reset(seed=seed)
        act = world.demonstrator(policy) if policy in ("custom", "best") else None
        text, over = [info["desire"], observation], False
        while not over:
            state = world.state
            action = act() if act else rng.choice(info["candidates"])
            here = state.here()
            if policy == "free" and here and rng.random() < 0.7:
                action = f"ask for the {rng.choice(state.where)[0]} to be {here.done}"
            observation, _, terminated, truncated, info = world.step(action)
            changed = world.read(info["change"])
            over = terminated or truncated
            text += [action, observation, info["change"], *info["candidates"]]
            for thing, done, feet in met(world, state, "" if policy == "free" else action, changed):
                assert town.split_of(thing, done) == "train"
                assert feet > town.NEAR[-1] or town.MANNER_OF[thing] not in town.ON_WHEELS
        words = set(" ".join(text).replace(",", " ").replace(".", " ").split())
        assert not words & town.UNSEEN


def test_training_words_are_not_those_of_the_axis_wording() -> None:
    for state in situations(ErrandWorld(level=4), 300):
        assert state.ask < 3 and state.tell < 2
    told = {
        split: {(s.ask, s.tell) for s in situations(ErrandWorld(split=split, axis="wording"), 100)} for split in SPLITS
    }
    assert all(ask >= 3 and tell >= 2 for pairs in told.values() for ask, tell in pairs)
    assert {ask for pairs in told.values() for ask, _ in pairs} == set(range(3, len(DESIRES)))
    for part in (0, 1):
        assert not {pair[part] for pair in told["validation"]} & {pair[part] for pair in told["test"]}


SPLITS = ("validation", "test")


@lru_cache
def drawn(level: int, axis: str, split: str) -> tuple[State, ...]:
    return tuple(situations(ErrandWorld(level=level, axis=axis, split=split), 200))


@pytest.mark.parametrize("level", LEVELS)
def test_validation_and_test_use_different_parts_of_each_axis(level: int) -> None:
    parts = {
        "combination": lambda s: set(s.errands),
        "near_driven": lambda s: {place.feet for place in s.places},
        "things": lambda s: {thing for thing, _ in s.errands},
        "errands": lambda s: {frozenset(thing for thing, _ in s.errands)},
    }
    for axis, part in parts.items():
        validation, test = ({p for s in drawn(level, axis, split) for p in part(s)} for split in SPLITS)
        assert validation and test and not validation & test


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("split", SPLITS)
def test_an_axis_holds_what_its_name_says(level: int, split: str) -> None:
    for state in drawn(level, "combination", split):
        assert all(town.split_of(*errand) == split for errand in state.errands)
    for state in drawn(level, "near_driven", split):
        assert all(place.feet <= town.NEAR[-1] for place in state.places)
        assert all(town.MANNER_OF[thing] in town.ON_WHEELS for thing, _ in state.errands)
    assert all(thing in town.UNSEEN_THINGS[split] for s in drawn(level, "things", split) for thing, _ in s.errands)
    assert {len(s.errands) for s in drawn(level, "errands", split)} == {3 if level == 4 else 2}


def test_the_car_wash_and_the_letter_are_no_held_out_combinations() -> None:
    assert town.split_of("car", "washed") == town.split_of("letter", "posted") == "train"
    shares = [town.split_of(thing, done) for thing in town.MANNER_OF for done in town.SERVICES]
    assert 0.6 < shares.count("train") / len(shares) < 0.8
    assert len(town.MANNER_OF) >= 30 and len(town.SERVICES) >= 12


# ---- demonstrators ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("quality", "share"), [("custom", 0.94), ("best", 0.99)])
def test_demonstrators_reach_the_goal(level: int, quality: str, share: float) -> None:
    world = ErrandWorld(level=level)
    many = 300 if quality == "custom" else 100 if level < 4 else 20
    reached = sum(demonstrated(world, seed, quality) for seed in range(many))
    assert reached >= share * many


@pytest.mark.parametrize(("axis", "split"), HELD_OUT)
def test_the_custom_reaches_the_goal_on_every_axis(axis: str, split: str) -> None:
    for level in LEVELS:
        world = ErrandWorld(level=level, axis=axis, split=split)
        assert sum(demonstrated(world, seed, "custom") for seed in range(50)) >= 47


def demonstrated(world: ErrandWorld, seed: int, quality: str) -> bool:
    world.reset(seed=seed)
    act = world.demonstrator(quality)
    while True:
        _, _, terminated, truncated, info = world.step(act())
        if terminated or truncated:
            return bool(info["progress"] is Progress.SATISFIED and info["harm"] is Harm.NONE)


def test_the_custom_walks_near_and_drives_far() -> None:
    ways = set()
    for state in situations(world := ErrandWorld(), 300):
        thing, done = state.errands[0]
        if town.MANNER_OF[thing] == "carried":
            place = state.place(town.SERVICES[done])
            assert place is not None
            ways.add((place.feet <= town.NEAR[-1], world.demonstrator("custom")().split()[0]))
    assert ways == {(True, "walk"), (False, "drive")}


# ---- hindsight ----------------------------------------------------------------------------------------------------
def test_hindsight_wishes_for_what_training_may_ask() -> None:
    world = ErrandWorld()
    wishes = [DESIRES[i].format("car", "washed") for i in TRAIN_DESIRES]
    assert world.desire_for(frozenset({("served", "car", "washed")})) in wishes
    near = ("place", "car wash", "300", "2", "1", "1")
    held_out = next((t, d) for t in town.FIRST_THINGS for d in town.SERVICES if town.split_of(t, d) == "test")
    for facts in (
        {("served", "car", "washed"), near},
        {("served", *held_out)},
        {("served", "suit", "sold")},
        {("served", "kettle", "washed")},
        {("you at", "home")},
    ):
        assert world.desire_for(frozenset(facts)) is None


# ---- probes -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("probe", ErrandWorld.probes)
@pytest.mark.parametrize(("axis", "split"), [("", "train"), ("", "test"), *HELD_OUT])
def test_a_pair_differs_in_one_factor_that_decides(level: int, probe: str, axis: str, split: str) -> None:
    world = ErrandWorld(level=level, axis=axis, split=split)
    for seed in range(8):
        pair = world.probe(probe, seed)
        left, right = pair.left, pair.right
        assert pair.decisive and pair == world.probe(probe, seed)
        assert pair.judge(left.changed, right.changed) == (True, True)
        assert not all(pair.judge(left.changed, left.changed)) and not all(pair.judge(frozenset(), frozenset()))
        assert UNREADABLE not in {fact[0] for side in (left, right) for fact in world.read(side.observation)}
        told = (world.read(left.observation), world.read(right.observation))
        if probe == "presence":
            assert (left.desire, left.observation, left.step.action) == (
                right.desire,
                right.observation,
                right.step.action,
            )
            assert [len(left.history), len(right.history)] == [1, 1]
            moves = [MOVE.fullmatch(side.history[0].action) for side in (left, right)]
            assert moves[0] and moves[1] and moves[0][4] == moves[1][4]
        elif probe in ("acceptance", "welcome"):
            assert left.desire == right.desire and left.step.action == right.step.action
            assert [step.action for step in left.history] == [step.action for step in right.history]
            assert {fact[0] for fact in told[0] ^ told[1]} <= {"takes", "refuses"}
            assert len(answers(told[0]) ^ answers(told[1])) == 2
        else:
            assert isinstance(parse(left.step.action), Move) and left.step.action == right.step.action
            assert {fact for fact in told[0] if fact[0] in ("place", "distance", "hours", "you at")} == {
                fact for fact in told[1] if fact[0] in ("place", "distance", "hours", "you at")
            }


def answers(facts: frozenset[Fact]) -> set[tuple[str, str, str]]:
    """Which place serves or refuses which thing, one by one."""
    told = [fact for fact in facts if fact[0] in ("takes", "refuses")]
    return {(kind, place, thing) for kind, place, things in told for thing in things.split(", the ")}


@pytest.mark.parametrize("split", SPLITS)
def test_the_probe_near_driven_is_near_on_its_axis_and_only_there(split: str) -> None:
    for axis in ("", "near_driven"):
        world = ErrandWorld(axis=axis, split=split)
        for seed in range(50):
            for side in (world.probe("near_driven", seed).left, world.probe("near_driven", seed).right):
                thing, done = next(
                    (t, d)
                    for t in town.MANNER_OF
                    for d in town.SERVICES
                    if f" {t} " in side.desire and d in side.desire
                )
                feet = next(
                    int(f[2]) for f in world.read(side.observation) if f[0] in TRIPS and f[1] == town.SERVICES[done]
                )
                if axis or town.MANNER_OF[thing] in town.ON_WHEELS:
                    assert (feet <= town.NEAR[-1]) is bool(axis)


# ---- settings -----------------------------------------------------------------------------------------------------
def test_settings_out_of_range_are_said() -> None:
    with pytest.raises(BadSetting, match="expected 1 to 4"):
        ErrandWorld(level=5)
    with pytest.raises(UnknownName, match="near_driven"):
        ErrandWorld(axis="near_drive", split="test")
    with pytest.raises(BadSetting, match="held out"):
        ErrandWorld(axis="things")
    with pytest.raises(UnknownName, match="presence"):
        ErrandWorld().probe("presense", 0)
