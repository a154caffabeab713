"""The cliff world's promises: its law, its text, its splits, its demonstrators and its probe."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from forethought.errors import BadAction, BadSetting, UnknownName
from forethought.types import UNREADABLE, Fact, Harm, Progress
from forethought.worlds import make
from forethought.worlds.cliff import CliffWorld, ledge, scenes
from forethought.worlds.cliff.ledge import INDEX, STEPS
from forethought.worlds.cliff.scenes import State
from forethought.worlds.cliff.world import PLAN_LIMIT
from forethought.worlds.lawful import best_plan

LEVELS = tuple(CliffWorld.levels)
HELD_OUT = [(split, axis) for split in ("validation", "test") for axis in CliffWorld.axes]
PLAIN = [(split, "") for split in ("train", "validation", "test")]
EVENTS = {"took", "slid"}
"""Kinds that tell what happened rather than what is so now."""


def world_of(level: int, split: str = "train", axis: str = "") -> CliffWorld:
    world = make("cliff", level=level, split=split, axis=axis, seed=0)
    assert isinstance(world, CliffWorld)
    return world


def drawn(world: CliffWorld, count: int, salt: str = "") -> Iterator[State]:
    for seed in range(count):
        yield world.draw(random.Random(f"{salt}{world.split}{world.axis}{world.level}{seed}"))


def map_of(*rows: str) -> str:
    """A ground from rows as one looks at a map: the northernmost first."""
    lines = [row.ljust(ledge.STRIDE) for row in reversed(rows)]
    return "".join(lines) + ledge.OUTSIDE * ledge.STRIDE


def at(ground: str, spot: str, goal: str = "A1", **more: object) -> State:
    start = INDEX[spot]
    return State(ground=ground, at=start, start=start, goal=INDEX[goal])._replace(**more)


def told(world: CliffWorld, state: State, action: str) -> str:
    return world.grammar.tell(world.law(state, action).told)


# ---- the law --------------------------------------------------------------------------------------------------------
def test_walking_leads_to_rock_and_over_gaps_down() -> None:
    world, state = world_of(1), at(map_of("rgr", "rrr", "rrr"), "B2", goal="C2")
    assert told(world, state, "walk south") == "You are at B1. It takes 2 minutes."
    assert told(world, state, "walk north") == "You are at B3. You fall."
    assert world.law(state, "walk north").harm is Harm.HARMED
    assert world.law(state, "walk north").progress is Progress.FAILED
    assert world.law(state, "walk east").progress is Progress.SATISFIED


def test_a_rope_is_climbed_and_not_walked_on() -> None:
    world, state = world_of(1), at(map_of("rrr", "ror", "rrr"), "B1")
    assert {"walk north", "climb north"} <= set(world.options(state))
    assert told(world, state, "climb north") == "You are at B2. It takes 6 minutes."
    assert told(world, state, "walk north") == "You are at B2. You fall."
    with pytest.raises(BadAction, match="no rope east of B1"):
        world.law(state, "climb east")


@pytest.mark.parametrize(
    ("wind", "change"),
    [
        ("calm", "You are at B2. It takes 2 minutes."),
        ("north", "The wind drives you off B2. You are at B3. It takes 2 minutes."),
        ("east", "The wind drives you off B2. You are at C2. You fall."),
        ("west", "The wind drives you off B2. You are at A2. You fall."),
        ("south", "The wind drives you off B2. It takes 2 minutes."),
    ],
)
def test_the_wind_drives_whoever_steps_onto_ice(wind: str, change: str) -> None:
    assert told(world_of(2), at(map_of("rir", "oig", "rrr"), "B1", winds=(wind,)), "walk north") == change


@pytest.mark.parametrize(
    ("weight", "carried", "change"),
    [
        ("heavy", True, "You are at B2. The bridge at B2 is broken. You fall."),
        ("heavy", False, "You are at B2. It takes 2 minutes."),
        ("light", True, "You are at B2. It takes 2 minutes."),
    ],
)
def test_a_bridge_breaks_under_a_heavy_load_only(weight: str, carried: bool, change: str) -> None:
    lies = -1 if carried else INDEX["B1"]
    state = at(map_of("rrr", "gbg", "rrr"), "B1", thing="bell", weight=weight, carried=carried, lies=lies)
    assert told(world_of(3), state, "walk north") == change


def test_taking_dropping_and_waiting() -> None:
    world = world_of(3)
    state = at(
        map_of("rrr", "rrr"),
        "A2",
        task="bring",
        thing="bell",
        weight="light",
        lies=INDEX["A2"],
        winds=("north", "calm"),
    )
    taken = world.law(state, "take the bell")
    assert world.grammar.tell(taken.told) == "You carry the bell. It takes 3 minutes."
    assert told(world, taken.state, "drop the bell") == "The bell is at A2. You carry nothing. It takes 3 minutes."
    assert world.law(taken.state, "walk south").progress is Progress.SATISFIED
    assert world.law(state, "walk south").progress is Progress.ONGOING
    assert told(world, state, "wait") == "The air is still. After a wait it blows north. It takes 10 minutes."
    with pytest.raises(BadAction, match="not here"):
        world.law(taken.state, "take the bell")


def test_the_map_ends_and_nonsense_is_a_warning() -> None:
    world = world_of(1)
    state = at(map_of("rrr", "rrr"), "A1")
    assert "walk south" not in world.options(state) and "walk west" not in world.options(state)
    with pytest.raises(BadAction, match="map ends south of A1"):
        world.law(state, "walk south")
    world.start(state)
    _, _, over, _, info = world.step("fly home")
    assert info["warning"] and not over and info["change"] == ""


def test_fog_tells_neighbours_only_and_a_look_tells_more() -> None:
    world = world_of(4)
    for state in drawn(world, 60):
        before = {fact for fact in world.seen(state) if fact[0] == "spot"}
        assert all(ledge.bearing(state.at, INDEX[name])[0] <= 1 for _, name, _ in before)
        looked = world.law(state, "look")
        after = {fact for fact in world.seen(looked.state) if fact[0] == "spot"}
        assert after - before == {fact for fact in looked.told if fact[0] == "spot"}
        assert all(ledge.bearing(state.at, INDEX[name])[0] <= 2 for _, name, _ in after)
        for direction, step in STEPS.items():
            if state.ground[state.at + step] != ledge.OUTSIDE and f"walk {direction}" not in world.options(state):
                with pytest.raises(BadAction, match="look first"):
                    world.law(state, f"walk {direction}")


def test_in_the_fog_every_move_on_offer_is_decided_by_what_was_told() -> None:
    world, rng = world_of(4), random.Random(5)
    for state in drawn(world, 150):
        hidden = "".join(
            rng.choice("rg") if kind != ledge.OUTSIDE and not state.knows(i) else kind
            for i, kind in enumerate(state.ground)
        )
        for action in world.options(state):
            if action != "look":
                assert world.law(state, action).told == world.law(state._replace(ground=hidden), action).told


# ---- text -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_every_wording_reads_back_what_is_seen_and_told(level: int) -> None:
    world, rng = world_of(level), random.Random(level)
    for state in drawn(world, 60):
        for wording in range(4):
            assert world.read(world.grammar.tell(world.seen(state), wording)) == frozenset(world.seen(state))
            assert world.text(state._replace(tell=wording)) == world.grammar.tell(world.seen(state), wording)
        for here, action in walked(world, state, rng, 6):
            effect = world.law(here, action)
            assert world.read(world.grammar.tell(effect.told)) == frozenset(effect.told)
            assert world.read(world.text(effect.state)) == frozenset(world.seen(effect.state))


def test_no_sentence_of_one_kind_is_read_as_another() -> None:
    grammar = CliffWorld.grammar
    samples: dict[str, tuple[Fact, ...]] = {
        "spot": tuple(("spot", "B2", word) for word in ledge.WORDS.values()),
        "wind": tuple(("wind", direction) for direction in STEPS),
        "forecast": tuple(("forecast", direction) for direction in STEPS),
        "weight": tuple(("weight", thing, weight) for thing in ledge.THINGS for weight in ledge.WEIGHTS),
        "thing at": tuple(("thing at", thing, "C3") for thing in ledge.THINGS),
        "carry": (("carry", "nothing"), ("carry", "the lamp")),
        "took": (("took", "2"),),
    }
    for kind, templates in grammar.sentences.items():
        slots = templates[0].count("{")
        for fact in samples.get(kind, ((kind, *["A1", "B2"][:slots]),)):
            for wording in range(len(templates)):
                assert grammar.read(grammar.say(fact, wording)) == {fact}
    assert {fact[0] for fact in grammar.read("You sing. B2 glows.")} == {UNREADABLE}


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_told_is_the_difference_that_the_action_made(level: int) -> None:
    world, rng = world_of(level), random.Random(level)
    for state in drawn(world, 120):
        for here, action in walked(world, state, rng, 8):
            effect = world.law(here, action)
            states = {fact for fact in effect.told if fact[0] not in EVENTS}
            assert states == set(world.seen(effect.state)) - set(world.seen(here))
            assert len(world.grammar.tell(effect.told).split()) <= (40 if action == "look" else 25)
            assert frozenset(world.seen(here)) <= world.truth(here)


def test_level_one_is_short() -> None:
    world = world_of(1)
    assert all(len(world.text(state).split()) + len(world.wish(state).split()) <= 90 for state in drawn(world, 200))


def walked(world: CliffWorld, state: State, rng: random.Random, most: int) -> Iterator[tuple[State, str]]:
    """Random actions on offer, with the states in which they are taken."""
    for _ in range(most):
        action = rng.choice(world.options(state))
        yield state, action
        effect = world.law(state, action)
        if effect.harm is Harm.HARMED or effect.progress is not Progress.ONGOING:
            return
        state = effect.state


# ---- splits ---------------------------------------------------------------------------------------------------------
def test_a_seed_is_a_situation_and_splits_share_none() -> None:
    for level in LEVELS:
        first, again = world_of(level), world_of(level)
        assert [first.reset(seed=s) for s in range(20)] == [again.reset(seed=s) for s in range(20)]
        other = world_of(level, "test")
        assert [first.reset(seed=s)[0] for s in range(20)] != [other.reset(seed=s)[0] for s in range(20)]


def features(state: State) -> tuple[int, str, int]:
    steps, sector = ledge.bearing(state.start, state.goal)
    return steps, sector, scenes.moves_needed(state) - steps


def cells_of(state: State) -> set[ledge.Cell]:
    return ledge.cells(state.ground, state.winds, (state.thing, state.weight) if state.weight else ())


@pytest.mark.parametrize("level", LEVELS)
def test_training_never_meets_what_is_held_out(level: int) -> None:
    world, rng = world_of(level), random.Random(level)
    for state in drawn(world, 700):
        steps, sector, detour = features(state)
        assert 2 <= steps <= ledge.FURTHEST[level]
        assert sector not in ledge.HELD_SECTORS.values()
        assert detour <= 1
        assert state.tell in (0, 1) and state.ask in (0, 1, 2)
        assert {ledge.split_of(cell) for cell in cells_of(state)} <= {"train"}
        for here, _ in walked(world, state, rng, 4):
            met = [ledge.met(here.ground, here.at, direction, here.wind, here.load) for direction in STEPS]
            assert all(ledge.split_of(cell) == "train" for cell in met if cell)


@pytest.mark.parametrize(("split", "axis"), HELD_OUT)
def test_each_axis_holds_out_its_own_part_and_nothing_else(split: str, axis: str) -> None:
    for level in LEVELS:
        furthest = ledge.FURTHEST[level]
        for state in drawn(world_of(level, split, axis), 40):
            steps, sector, detour = features(state)
            parts = {ledge.split_of(cell) for cell in cells_of(state)}
            distances = {"validation": {furthest + 1}, "test": set(range(furthest + 2, 20))}[split]
            assert (steps in distances) == (axis == "distance")
            assert (sector == ledge.HELD_SECTORS[split]) == (axis == "direction")
            assert (detour in ({2, 3} if split == "validation" else range(4, 20))) == (axis == "path")
            assert parts <= ({"train", split} if axis == "terrain" else {"train"})
            assert (split in parts) == (axis == "terrain")
            assert (state.tell >= 2 and state.ask >= 3) == (axis == "wording")


def test_validation_and_test_hold_out_both_safe_and_deadly_cells() -> None:
    ices = [("ice", wind, word) for wind in STEPS for word in ledge.WORDS.values()]
    for split in ("validation", "test"):
        landings = {cell[2] for cell in ices if ledge.split_of(cell) == split}
        assert "a gap" in landings and landings & {"rock", "ice"}
    for wind in STEPS:
        known = {cell[2] for cell in ices if cell[1] == wind and ledge.split_of(cell) == "train"}
        assert known & {"a gap", "a rope"} and known & {"rock", "ice"}


def test_settings_that_do_not_exist_are_refused() -> None:
    with pytest.raises(BadSetting, match="level 9"):
        make("cliff", level=9)
    with pytest.raises(UnknownName, match="terrain"):
        make("cliff", split="test", axis="terrains")
    with pytest.raises(BadSetting, match="held out"):
        make("cliff", split="train", axis="path")


# ---- solving, harm, hindsight ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("split", "axis"), [*PLAIN[:1], *HELD_OUT])
def test_every_situation_has_a_harmless_plan(split: str, axis: str) -> None:
    for level, count in ((1, 20), (2, 20), (3, 10), (4, 2)):
        world = world_of(level, split, axis)
        assert all(best_plan(world, state, limit=PLAN_LIMIT) for state in drawn(world, count))


def solved(world: CliffWorld, quality: str, episodes: int) -> float:
    done = 0
    for seed in range(episodes):
        world.reset(seed=seed)
        act, over = world.demonstrator(quality), False
        while not over:
            _, reward, ended, cut, _ = world.step(act())
            over = ended or cut
        done += reward == 1.0
    return done / episodes


def test_best_demonstrator_solves_and_custom_mostly_does() -> None:
    for level in LEVELS:
        assert solved(world_of(level), "best", 60 if level < 4 else 10) == 1.0
        assert solved(world_of(level), "custom", 60) >= 0.8
    assert solved(world_of(3, "test", "path"), "custom", 60) < 0.9


def test_staying_safe_never_meets_the_desire() -> None:
    for level in LEVELS:
        world = world_of(level)
        for state in drawn(world, 30):
            assert world.law(state, "wait").progress is Progress.ONGOING


def test_random_actions_do_harm_at_a_rate_that_can_be_learned_from() -> None:
    for level in LEVELS:
        world, rng, steps, falls = world_of(level), random.Random(level), 0, 0
        for state in drawn(world, 150):
            for here, action in walked(world, state, rng, world.max_steps[level]):
                steps += 1
                falls += world.law(here, action).harm is Harm.HARMED
        assert 0.05 <= falls / steps <= 0.30


def test_hindsight_asks_only_for_what_training_asks_for() -> None:
    for level in LEVELS:
        world, rng, wishes, asked = world_of(level), random.Random(level), 0, set[str]()
        for state in drawn(world, 150):
            for here, action in walked(world, state, rng, 6):
                after = world.law(here, action).state
                wish = world.desire_for(frozenset(world.seen(after)))
                if wish is None:
                    continue
                wishes += 1
                steps, sector = ledge.bearing(after.start, after.at)
                assert not after.fell and steps in range(2, ledge.FURTHEST[level] + 1)
                assert sector not in ledge.HELD_SECTORS.values()
                form = wish.replace(ledge.NAMES[after.at], "...")
                assert form in ("Reach ....", "Go to ....", "I want you at ....")
                asked.add(form)
        assert wishes > 20 and len(asked) == 3
    fallen = world_of(1).law(at(map_of("rrr", "grr"), "B1"), "walk west").state
    assert world_of(1).desire_for(frozenset(world_of(1).seen(fallen))) is None
    assert world_of(1).desire_for(frozenset({("you at", "B2")})) is None


# ---- probe ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("split", "axis"), [*PLAIN, *HELD_OUT])
def test_edge_pairs_differ_in_one_factor_that_decides_life(split: str, axis: str) -> None:
    for level in LEVELS:
        world = world_of(level, split, axis)
        for seed in range(5):
            pair = world.probe("edge", seed)
            left, right = pair.left, pair.right
            assert left.step.action == right.step.action and left.step.action.startswith("walk")
            assert (left.step.harm, right.step.harm) == (Harm.NONE, Harm.HARMED)
            assert [s.action for s in left.history] == [s.action for s in right.history]
            assert [s.change for s in left.history] == [s.change for s in right.history]
            assert left.desire == right.desire
            assert len(world.read(left.observation) - world.read(right.observation)) == 1
            assert pair.decisive
            assert pair.judge(left.changed, right.changed) == (True, True)
            assert pair.judge(right.changed, right.changed)[0] is False
    assert world.probe("edge", 3) == world.probe("edge", 3)


def test_edge_asks_about_ground_wind_and_load() -> None:
    world = world_of(3)
    kinds = set()
    for seed in range(25):
        pair = world.probe("edge", seed)
        kinds |= {fact[0] for fact in world.read(pair.left.observation) ^ world.read(pair.right.observation)}
    assert {"spot", "wind", "weight"} <= kinds


def test_probe_pairs_on_terrain_ask_about_a_held_out_cell() -> None:
    for split in ("validation", "test"):
        for level in LEVELS:
            world = world_of(level, split, "terrain")
            (safe, actions), (deadly, _) = world.minimal_pair("edge", random.Random(f"{split}{level}"))
            met = []
            for state in (safe, deadly):
                for action in actions[:-1]:
                    state = world.law(state, action).state
                met.append(ledge.met(state.ground, state.at, actions[-1].split()[1], state.wind, state.load))
            assert any(cell and ledge.split_of(cell) == split for cell in met)


def test_unknown_probe_is_named() -> None:
    with pytest.raises(UnknownName, match="edge"):
        world_of(1).probe("edges", 0)
