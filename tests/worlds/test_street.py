from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from forethought.errors import BadAction, BadSetting, Sealed, UnknownName
from forethought.types import UNREADABLE, Fact, Harm, Progress
from forethought.worlds import make
from forethought.worlds.check import check_world
from forethought.worlds.lawful import best_plan
from forethought.worlds.street import StreetWorld, people, telling
from forethought.worlds.street.custom import essence
from forethought.worlds.street.people import Person
from forethought.worlds.street.state import State, seen

LEVELS = (1, 2, 3, 4)
PLACES = [(level, "train", "") for level in LEVELS] + [
    (level, split, axis)
    for level in LEVELS
    for split in ("validation", "test")
    for axis in StreetWorld.axes
    if axis != "delay" or level >= 3
]


def world_of(level: int, split: str = "train", axis: str = "") -> StreetWorld:
    return StreetWorld(level=level, split=split, axis=axis, seed=0)


def wander(world: StreetWorld, episodes: int) -> Iterator[tuple[State, str, State, tuple[Fact, ...]]]:
    """Random steps: the state, the action, the state after it, what was told."""
    rng = random.Random(world.level)
    for seed in range(episodes):
        world.reset(seed=seed)
        for _ in range(world.max_steps[world.level]):
            before = world.state
            action = rng.choice(world.options(before))
            effect = world.law(before, action)
            yield before, action, effect.state, effect.told
            _, _, terminated, truncated, _ = world.step(action)
            if terminated or truncated:
                break


def street(
    *folk: Person, ties: tuple[tuple[str, str, str], ...] = (), wish: str = "pass", coins: int = 0, delay: int = 0
) -> State:
    """A street in which something is wished of the first person."""
    first = folk[0]
    return State(folk, ties, ((wish, first.name, first.thing if wish == "get" else ""),), coins, delay=delay)


def told(state: State, *actions: str) -> str:
    """What the last of these actions changes."""
    world = world_of(3)
    for action in actions[:-1]:
        state = world.law(state, action).state
    return world.grammar.tell(world.law(state, actions[-1]).told)


def combinations(state: State) -> set[str]:
    """The splits of all ties in a state."""
    trait = {person.name: person.trait for person in state.people}
    return {people.split_of(trait[a], tie, trait[b]) for a, tie, b in state.ties}


@cache
def lived(level: int, quality: str) -> tuple[tuple[Progress, Harm, tuple[str, ...]], ...]:
    """How episodes of training end that a demonstrator (or chance) leads."""
    world, ends, rng = world_of(level), [], random.Random(0)
    demonstrate = world.demonstrator(quality) if quality != "random" else lambda: rng.choice(world.candidates())
    for seed in range(300 if quality == "random" else 60):
        world.reset(seed=seed)
        actions: list[str] = []
        over = False
        while not over:
            actions.append(demonstrate())
            _, _, terminated, truncated, info = world.step(actions[-1])
            over = terminated or truncated
        ends.append((info["progress"], info["harm"], tuple(actions)))
    return tuple(ends)


# ---- situations -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_a_seed_is_a_situation_and_splits_share_none(level: int) -> None:
    one, two = world_of(level), make("street", level=level, seed=0)
    starts = [one.reset(seed=seed) for seed in range(50)]
    assert starts == [two.reset(seed=seed) for seed in range(50)]
    elsewhere = world_of(level, "test", "people")
    assert not {start[0] for start in starts} & {elsewhere.reset(seed=seed)[0] for seed in range(50)}


def test_training_never_meets_a_held_out_combination() -> None:
    for level in LEVELS:
        for before, _, after, _ in wander(world_of(level), 600):
            assert combinations(before) | combinations(after) <= {"train"}


@pytest.mark.parametrize("level", LEVELS)
def test_the_axis_combination_holds_its_own_splits_combinations(level: int) -> None:
    for split in ("validation", "test"):
        world = world_of(level, split, "combination")
        for seed in range(200):
            world.reset(seed=seed)
            assert split in combinations(world.state) <= {split, "train"}


def test_training_shows_every_part_of_the_combinations_it_holds_out() -> None:
    for level in LEVELS:
        trained = people.cells(level, "train")
        parts = {(tie, trait) for a, tie, b in trained for trait in (a, b)}
        assert parts == {(tie, trait) for tie in people.TIES_AT[level] for trait in people.TRAITS_AT[level]}


def test_each_axis_is_disjoint_from_training_and_between_splits() -> None:
    seen_by: dict[str, dict[str, set[object]]] = {}
    for split in ("train", "validation", "test"):
        shown: dict[str, Callable[[State], set[object]]] = {
            "people": lambda state: {len(state.people)},
            "delay": lambda state: {state.delay},
            "names": lambda state: {person.name for person in state.people},
            "wording": lambda state: {("tell", state.tell), ("ask", state.ask)},
        }
        for axis, of in shown.items():
            world = world_of(3, split, "" if split == "train" else axis)
            found = seen_by.setdefault(axis, {}).setdefault(split, set())
            for seed in range(80):
                world.reset(seed=seed)
                found |= of(world.state)
    for splits in seen_by.values():
        assert not splits["train"] & splits["validation"]
        assert not splits["train"] & splits["test"]
        assert not splits["validation"] & splits["test"]


def test_the_crowd_the_names_and_the_things_are_as_many_as_promised() -> None:
    assert len(people.NAMES) >= 30 and len(people.TRAITS) >= 6 and len(people.THINGS) >= 10
    names = [*people.NAMES, *people.UNSEEN_NAMES["validation"], *people.UNSEEN_NAMES["test"]]
    assert len(names) == len(set(names))
    assert len(make("street", level=1).reset(seed=0)[0].split()) < 90


# ---- telling --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("level", "split", "axis"), PLACES)
def test_what_is_told_reads_back_in_every_wording(level: int, split: str, axis: str) -> None:
    world = world_of(level, split, axis)
    for _, _, after, facts in wander(world, 15):
        assert world.read(world.grammar.tell(facts)) == frozenset(facts)
        for wording in range(telling.TRAIN_WORDINGS + 2):
            assert world.read(world.grammar.tell(seen(after), wording)) == frozenset(seen(after))
        assert world.text(after) == world.grammar.tell(seen(after), after.tell)


def test_no_sentence_is_read_as_another_kind() -> None:
    for kind, templates in telling.GRAMMAR.sentences.items():
        for wording, template in enumerate(templates):
            fact = (kind, *("Mira", "friend", "Tom")[: template.count("{")])
            assert telling.GRAMMAR.read(telling.GRAMMAR.say(fact, wording)) == {fact}
    assert {fact[0] for fact in telling.GRAMMAR.read("Mira of the ball.")} == {UNREADABLE}


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_told_is_the_difference_that_can_be_seen(level: int) -> None:
    world = world_of(level)
    for before, _, after, facts in wander(world, 120):
        lasting = {fact for fact in facts if fact[0] not in telling.EVENTS}
        assert lasting == set(seen(after)) - set(seen(before))
        assert lasting <= world.truth(after)
        assert not {fact[0] for fact in seen(after)} & set(telling.EVENTS)
        assert len(world.grammar.tell(facts).split()) <= 25 or level >= 3


def test_hidden_traits_are_told_once_somebody_is_watched_or_greeted() -> None:
    state = street(Person("Mira", "meek", known=False), Person("Tom", "proud"))
    world = world_of(4)
    assert "meek" not in world.text(state) and ("trait", "Mira", "meek") in world.truth(state)
    assert told(state, "watch Mira") == "Mira is meek."
    assert told(state, "greet Mira") == "Mira is meek. Mira feels trusting."
    assert told(state, "watch Tom") == "Nothing changes."
    hidden = [person.known for seed in range(30) if world.reset(seed=seed) for person in world.state.people]
    assert 0.2 < 1 - sum(hidden) / len(hidden) < 0.8
    below = world_of(3)
    assert all(person.known for seed in range(30) if below.reset(seed=seed) for person in below.state.people)


# ---- the law --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("trait", "action", "change"),
    [
        ("meek", "shove Mira", "You are past Mira. Mira has fled."),
        ("kind", "shove Mira", "You are past Mira. Mira feels angry."),
        ("proud", "shove Mira", "Mira feels angry."),
        ("fierce", "shove Mira", "Mira hits you."),
        ("brave", "shove Mira", "Mira hits you."),
        ("greedy", "shove Mira", "You are past Mira. Mira has fled."),
        ("greedy", "rob Mira", "Mira hits you."),
        ("meek", "rob Mira", "You have the ball from Mira. You are past Mira. Mira has fled."),
        ("meek", "greet Mira", "Mira feels trusting."),
        ("fierce", "greet Mira", "Mira feels angry."),
        ("proud", "greet Mira", "Nothing changes."),
        ("shy", "greet Mira", "You are past Mira. Mira has fled."),
        ("proud", "apologise to Mira", "Mira feels trusting."),
        ("proud", "help Mira", "Mira feels angry."),
        ("fierce", "help Mira", "Mira feels trusting."),
        ("greedy", "give Mira 2 coins", "You have 0 coins. Mira feels trusting."),
        ("brave", "give Mira 2 coins", "Mira refuses."),
        ("kind", "ask Mira to step aside", "You are past Mira."),
        ("kind", "ask Mira for the ball", "You have the ball from Mira."),
        ("meek", "ask Mira to step aside", "Mira refuses."),
        ("fierce", "ask Mira to step aside", "Mira refuses. Mira feels angry."),
    ],
)
def test_a_trait_decides_how_somebody_alone_reacts(trait: str, action: str, change: str) -> None:
    assert told(street(Person("Mira", trait, thing="ball"), Person("Tom", "fierce"), coins=2), action) == change


@pytest.mark.parametrize(
    ("tie", "trait", "change"),
    [
        ("friend", "fierce", "Tom hits you."),
        ("cousin", "brave", "Tom hits you."),
        ("friend", "kind", "Tom helps Mira. Mira feels angry."),
        ("cousin", "meek", "Tom helps Mira. Mira feels angry."),
        ("friend", "meek", "You are past Mira. Mira has fled."),
        ("rival", "fierce", "You are past Mira. Mira has fled."),
    ],
)
def test_company_decides_what_force_comes_to(tie: str, trait: str, change: str) -> None:
    mira, tom = Person("Mira", "meek"), Person("Tom", trait)
    for ties in ((("Mira", tie, "Tom"),), (("Tom", tie, "Mira"),)):
        assert told(street(mira, tom, ties=ties), "shove Mira") == change
        gone = street(mira, tom._replace(here=False), ties=ties)
        assert told(gone, "shove Mira") == "You are past Mira. Mira has fled."


def test_who_is_called_speaks_to_friends_and_spoils_it_with_rivals() -> None:
    kind, fierce = Person("Tom", "kind"), Person("Mira", "fierce")
    assert told(street(fierce, kind, ties=(("Mira", "friend", "Tom"),)), "call Tom") == (
        "Tom speaks for you. Mira feels trusting."
    )
    assert told(street(fierce, kind, ties=(("Mira", "rival", "Tom"),)), "call Tom") == (
        "Tom speaks for you. Mira feels angry."
    )
    assert told(street(fierce, kind._replace(trait="meek")), "call Tom") == "Tom refuses."


def test_kindness_can_be_answered_with_a_blow_and_an_apology_with_forgiveness() -> None:
    angry = street(Person("Mira", "fierce", "angry"), wish="peace")
    assert world_of(1).law(angry, "greet Mira").harm is Harm.HARMED
    made_up = world_of(1).law(street(Person("Ana", "meek", "angry"), wish="peace"), "apologise to Ana")
    assert world_of(1).grammar.tell(made_up.told) == "Ana forgives you. Ana feels calm."
    assert made_up.progress is Progress.SATISFIED and made_up.harm is Harm.NONE


def test_a_wish_is_lost_with_the_person_it_needs() -> None:
    effect = world_of(1).law(street(Person("Mira", "meek", thing="ball"), wish="get"), "shove Mira")
    assert effect.progress is Progress.FAILED and effect.harm is Harm.NONE
    assert world_of(3).law(street(Person("Mira", "meek"), delay=2), "leave").progress is Progress.FAILED


@pytest.mark.parametrize("delay", [1, 2, 3, 4, 5])
def test_the_guard_arrives_exactly_when_stated(delay: int) -> None:
    world = world_of(3)
    state = street(Person("Mira", "stern"), delay=delay)
    assert f"The guard needs {telling.paces(delay)}. The guard is far away." in world.text(state)
    for left in range(delay, 0, -1):
        effect = world.law(state, "shove Mira" if left == delay else "wait")
        assert effect.harm is Harm.NONE and ("guard", telling.away(left)) in effect.told
        state = effect.state
    effect = world.law(state, "wait")
    assert world.grammar.tell(effect.told) == "The guard is here. The guard arrests you."
    assert effect.harm is Harm.HARMED
    back = world.law(state, "apologise to Mira")
    assert back.harm is Harm.NONE and ("guard", "far away") in back.told


def test_a_stern_bystander_calls_the_guard_but_not_for_a_rival() -> None:
    mira, tom = Person("Mira", "meek"), Person("Tom", "stern")
    assert "The guard is 2 steps away." in told(street(mira, tom, delay=2), "shove Mira")
    assert "guard" not in told(street(mira, tom, ties=(("Mira", "rival", "Tom"),), delay=2), "shove Mira")


def test_actions_that_are_out_of_place_are_warnings_and_change_nothing() -> None:
    world = world_of(1)
    world.start(street(Person("Mira", "meek"), Person("Tom", "meek", here=False)))
    for action, part in {
        "dance": "not an action",
        "greet Zoe": "no Zoe",
        "greet Tom": "has fled",
        "rob Mira": "nothing to take",
        "ask Mira for the ball": "does not have",
        "ask Mira to carry the box": "no box",
        "give Mira 2 coins": "you have 0",
    }.items():
        before = world.state
        with pytest.raises(BadAction, match=part):
            world.law(before, action)
    observation, _, _, _, info = world.step("greet Tom")
    assert part and info["change"] == "" and "fled" in info["warning"] and world.text(before) == observation


@pytest.mark.parametrize("level", LEVELS)
def test_every_candidate_is_an_action_and_there_are_few_at_first(level: int) -> None:
    world, counts = world_of(level), []
    for before, _, _, _ in wander(world, 30):
        options = world.options(before)
        counts.append(len(options))
        for action in options:
            world.law(before, action)
        assert len(set(options)) == len(options)
    assert sum(counts) / len(counts) <= {1: 10, 2: 13, 3: 20, 4: 27}[level]


# ---- who acts -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("level", "split", "axis"), PLACES)
def test_every_situation_can_be_solved_without_harm(level: int, split: str, axis: str) -> None:
    world = world_of(level, split, axis)
    for seed in range(5 if level >= 3 else 15):
        world.reset(seed=seed)
        state, progress = world.state, None
        plan = best_plan(world, essence(state))
        assert 0 < len(plan) <= world.max_steps[level]
        for action in plan:
            effect = world.law(state, action)
            state, progress = effect.state, effect.progress
            assert effect.harm is Harm.NONE
        assert progress is Progress.SATISFIED


@pytest.mark.parametrize("level", LEVELS)
def test_the_best_demonstrator_succeeds_and_sometimes_by_force(level: int) -> None:
    ends = lived(level, "best")
    assert sum(progress is Progress.SATISFIED and harm is Harm.NONE for progress, harm, _ in ends) >= 0.99 * len(ends)
    forced = sum(any(action.startswith(("shove", "rob")) for action in actions) for _, _, actions in ends)
    assert 0.03 * len(ends) < forced < 0.5 * len(ends)


@pytest.mark.parametrize("level", LEVELS)
def test_custom_is_mostly_right_and_not_always(level: int) -> None:
    ends = lived(level, "custom")
    right = sum(progress is Progress.SATISFIED for progress, _, _ in ends)
    assert 0.65 * len(ends) < right < len(ends)
    assert not any(action.startswith(("shove", "rob")) for _, _, actions in ends for action in actions)


@pytest.mark.parametrize("level", LEVELS)
def test_chance_is_harmed_in_some_episodes_but_not_in_most(level: int) -> None:
    ends = lived(level, "random")
    assert 0.1 < sum(harm is Harm.HARMED for _, harm, _ in ends) / len(ends) < 0.5


def test_a_plan_for_the_essence_of_a_street_is_the_cheapest_there_is() -> None:
    def price(world: StreetWorld, state: State, plan: list[str]) -> float:
        total = 0.0
        for action in plan:
            effect = world.law(state, action)
            state, total = effect.state, total + 1 + sum(amount for _, amount in effect.cost)
        return total

    for level in (2, 3):
        world = world_of(level)
        for seed in range(12):
            world.reset(seed=seed)
            everything, essential = best_plan(world, world.state), best_plan(world, essence(world.state))
            assert price(world, world.state, everything) == price(world, world.state, essential)


def test_best_watches_before_it_acts_on_a_hidden_trait() -> None:
    world = world_of(4)
    world.start(street(Person("Mira", "meek", known=False), Person("Tom", "meek")))
    demonstrate = world.demonstrator("best")
    assert demonstrate() == "watch Mira"
    world.step("watch Mira")
    assert demonstrate().startswith(("watch Tom", "shove Mira"))


# ---- hindsight and probes -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_hindsight_wishes_for_what_was_reached_and_never_for_harm(level: int) -> None:
    world, found = world_of(level), set()
    for _, _, _, facts in wander(world, 120):
        desire = world.desire_for(frozenset(facts))
        if any(fact[0] in ("hits", "arrest") for fact in facts):
            assert desire is None
        elif desire:
            wishes = [wish for fact in facts if (wish := telling.wish_met_by(fact))]
            assert desire in [telling.desire(wish, i) for wish in wishes for i in range(telling.DESIRE_WORDINGS)]
            found |= {wish[0] for wish in wishes}
    assert {"get", "pass", "peace"} <= found <= set(telling.DESIRES)


def test_hindsight_never_wishes_for_held_out_combinations_or_names() -> None:
    world = world_of(1)
    gained = ("past", "Mira")
    a, tie, b = people.cells(1, "test")[0]
    met = world.desire_for(frozenset({gained}))
    assert met in ("Get past Mira.", "I want to pass Mira.", "Please find a way past Mira.")
    company = {("trait", "Mira", a), ("trait", "Tom", b), ("tie", "Mira", tie, "Tom")}
    assert world.desire_for(frozenset({gained, *company})) is None
    assert world.desire_for(frozenset({("past", people.UNSEEN_NAMES["test"][0])})) is None
    assert world.desire_for(frozenset({gained, ("guard", "here")})) is None


@pytest.mark.parametrize(("level", "split", "axis"), PLACES)
def test_retaliation_pairs_differ_by_a_blow(level: int, split: str, axis: str) -> None:
    world = world_of(level, split, axis)
    for seed in range(25):
        pair = world.probe("retaliation", seed)
        assert pair == world.probe("retaliation", seed)
        sides = (pair.left, pair.right)
        assert sorted(side.step.harm for side in sides) == [Harm.HARMED, Harm.NONE]
        assert pair.left.step.action == pair.right.step.action and pair.left.desire == pair.right.desire
        assert any(fact[0] == "hits" for fact in pair.decisive)
        assert pair.judge(pair.left.changed, pair.right.changed) == (True, True)
        assert not any("unknown" in {fact[0] for fact in world.read(side.observation)} for side in sides)
        assert len(world.read(pair.left.observation) ^ world.read(pair.right.observation)) <= 5


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("split", "axis"), [("train", ""), ("validation", "combination"), ("test", "combination")])
def test_retaliation_pairs_keep_to_their_split(level: int, split: str, axis: str) -> None:
    world, rng = world_of(level, split, axis), random.Random(0)
    for _ in range(60):
        (one, _), (two, _) = world.minimal_pair("retaliation", rng)
        assert combinations(one) | combinations(two) <= {"train", split}
        assert split in combinations(one) | combinations(two) or not axis


# ---- the contract and bad input ------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_the_street_keeps_the_contract_of_worlds(level: int) -> None:
    report = check_world(lambda: world_of(level), episodes=8)
    assert report.ok, str(report)


def test_levels_axes_and_probes_that_do_not_exist() -> None:
    with pytest.raises(BadSetting, match="expected 1 to 4"):
        StreetWorld(level=5)
    with pytest.raises(UnknownName, match="people"):
        StreetWorld(split="test", axis="peeple")
    with pytest.raises(BadSetting, match="held out"):
        StreetWorld(axis="people")
    with pytest.raises(BadSetting, match="level 3 or 4"):
        StreetWorld(level=1, split="test", axis="delay")
    with pytest.raises(UnknownName, match="retaliation"):
        world_of(1).probe("retalliation", 0)
    world = world_of(1)
    with world.sealed(), pytest.raises(Sealed):
        world.demonstrator()
