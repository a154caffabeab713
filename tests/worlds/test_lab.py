from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

import pytest

from forethought.errors import BadAction, Sealed
from forethought.types import UNREADABLE, Fact, Harm, Progress
from forethought.worlds import make
from forethought.worlds.check import check_world
from forethought.worlds.lab import LabWorld, telling
from forethought.worlds.lab.rules import CAUSE, FAMILIES, HELD_OUT, NOTHING, STOPPER, Rule, Space, entropy, space_of
from forethought.worlds.lab.situations import COLOURS, OBJECTS, SHAPES
from forethought.worlds.lab.state import State, seen

LEVELS = (1, 2, 3, 4)
PLACES = [(level, "train", "") for level in LEVELS] + [
    (level, split, axis) for level in LEVELS for split in ("validation", "test") for axis in LabWorld.axes
]
OBJECTS_HERE = ("red cube", "blue ball", "green ring")


def world_of(level: int, split: str = "train", axis: str = "") -> LabWorld:
    return LabWorld(level=level, split=split, axis=axis, seed=0)


def wander(world: LabWorld, episodes: int) -> Iterator[tuple[State, str, State, tuple[Fact, ...]]]:
    """Random steps: the state, the action, the state after it, what was told."""
    rng = random.Random(world.level)
    for seed in range(episodes):
        world.reset(seed=seed)
        over = False
        while not over:
            before = world.state
            action = rng.choice(world.options(before))
            effect = world.law(before, action)
            yield before, action, effect.state, effect.told
            _, _, terminated, truncated, _ = world.step(action)
            over = terminated or truncated


def lab(rule: Rule, wish: tuple[str, str] = ("know", ""), level: int = 1, **changed: object) -> State:
    """A machine that follows a rule over three objects."""
    families = FAMILIES[level] if rule.family in FAMILIES[level] else (*FAMILIES[level], rule.family)
    state = State(OBJECTS_HERE, families, rule, wish, space_of(3, families).all)
    return state._replace(**changed)  # type: ignore[arg-type]


def told(state: State, *actions: str) -> str:
    """What the last of these actions changes."""
    world = world_of(1)
    for action in actions[:-1]:
        state = world.law(state, action).state
    return world.grammar.tell(world.law(state, actions[-1]).told)


def put(*names: str) -> list[str]:
    return [f"put the {name} on the machine" for name in names]


RED, BLUE, GREEN = put(*OBJECTS_HERE)


@cache
def lived(level: int, quality: str) -> tuple[tuple[Progress, Harm, int], ...]:
    """How episodes of training end that a demonstrator (or chance) leads, and after how many steps."""
    world, ends, rng = world_of(level), [], random.Random(0)
    show = world.demonstrator(quality) if quality != "random" else lambda: rng.choice(world.candidates())
    for seed in range(60):
        world.reset(seed=seed)
        steps, over = 0, False
        while not over:
            _, _, terminated, truncated, info = world.step(show())
            steps, over = steps + 1, terminated or truncated
        ends.append((info["progress"], info["harm"], steps))
    return tuple(ends)


# ---- situations -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_the_world_keeps_the_promises_of_the_protocol(level: int) -> None:
    report = check_world(lambda: LabWorld(level=level), episodes=8)
    assert report.ok and not report.findings, str(report)


@pytest.mark.parametrize("level", LEVELS)
def test_a_seed_is_a_situation_and_splits_share_none(level: int) -> None:
    one, two = world_of(level), make("lab", level=level, seed=0)
    starts = [one.reset(seed=seed) for seed in range(30)]
    assert starts == [two.reset(seed=seed) for seed in range(30)]
    elsewhere = world_of(level, "test", "objects")
    assert not {start[0] for start in starts} & {elsewhere.reset(seed=seed)[0] for seed in range(30)}


@pytest.mark.parametrize("level", LEVELS)
def test_training_never_follows_a_held_out_rule_but_has_all_its_parts(level: int) -> None:
    world, families = world_of(level), set()
    for seed in range(200):
        world.reset(seed=seed)
        families.add(world.state.rule.family)
        assert not {rule.family for rule in world.state.space.rules} & set(HELD_OUT.values())
    assert families == set(FAMILIES[level])
    for how, stopped in HELD_OUT.values():
        assert (how, False) in families and stopped and any(stops for _, stops in families)


@pytest.mark.parametrize("level", LEVELS)
def test_the_axis_rule_has_its_splits_own_rules_alone(level: int) -> None:
    for split in ("validation", "test"):
        world = world_of(level, split, "rule")
        for seed in range(60):
            world.reset(seed=seed)
            assert world.state.rule.family == HELD_OUT[split]


def test_objects_and_wordings_are_disjoint_from_training_and_between_splits() -> None:
    words: dict[str, set[str]] = {}
    wordings: dict[str, set[int]] = {}
    for split in ("train", "validation", "test"):
        for axis in ("objects", "wording"):
            world = world_of(2, split, "" if split == "train" else axis)
            for seed in range(80):
                world.reset(seed=seed)
                if axis == "objects":
                    words.setdefault(split, set()).update(" ".join(world.state.objects).split())
                    assert len(world.state.objects) == OBJECTS[2] + (split != "train")
                else:
                    wordings.setdefault(f"tell {split}", set()).add(world.state.tell)
                    wordings.setdefault(f"ask {split}", set()).add(world.state.ask)
    assert words["train"] <= {*COLOURS, *SHAPES}
    for found in (words, {k[5:]: v for k, v in wordings.items() if k.startswith("tell")},
                  {k[4:]: v for k, v in wordings.items() if k.startswith("ask")}):  # fmt: skip
        assert not found["train"] & found["validation"] | found["train"] & found["test"]
        assert not found["validation"] & found["test"]


# ---- telling --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("level", "split", "axis"), PLACES)
def test_what_is_told_reads_back_in_every_wording(level: int, split: str, axis: str) -> None:
    world = world_of(level, split, axis)
    for _, _, after, facts in wander(world, 8):
        assert world.read(world.grammar.tell(facts)) == frozenset(facts)
        for wording in range(telling.TRAIN_WORDINGS + 2):
            assert world.read(world.grammar.tell(seen(after), wording)) == frozenset(seen(after))
        assert world.text(after) == world.grammar.tell(seen(after), after.tell)


def test_no_sentence_is_read_as_another_kind_and_every_kind_has_held_out_wordings() -> None:
    particulars = {"switch": ("on",), "bears": ("2",), "lamp": ("lit",), "placed": ("red cube", "first")}
    for kind, templates in telling.GRAMMAR.sentences.items():
        assert len(templates) == 4 or kind in telling.EVENTS
        for wording, template in enumerate(templates):
            fact = (kind, *particulars.get(kind, ("red cube", CAUSE)[: template.count("{")]))
            assert telling.GRAMMAR.read(telling.GRAMMAR.say(fact, wording)) == {fact}
    assert {fact[0] for fact in telling.GRAMMAR.read("The red cube sings.")} == {UNREADABLE}


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_told_is_the_difference_that_can_be_seen_and_never_the_rule(level: int) -> None:
    world = world_of(level)
    for before, _, after, facts in wander(world, 60):
        lasting = {fact for fact in facts if fact[0] not in telling.EVENTS}
        assert lasting == set(seen(after)) - set(seen(before))
        hidden = world.truth(after) - set(seen(after))
        assert {fact[0] for fact in hidden} <= {"role", "rule", "before"} and hidden
        assert before.rule == after.rule
        assert world.text(after) == world.text(after._replace(rule=after.rule, possible=0, tried=frozenset()))


# ---- the law --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "lit"),
    [
        (Rule("one", (0,)), ["0", "01", "10", "02", "012"]),
        (Rule("either", (0, 1)), ["0", "1", "01", "10", "02", "12", "012"]),
        (Rule("both", (0, 1)), ["01", "10", "012"]),
        (Rule("order", (0, 1)), ["01", "012"]),
        (Rule("one", (0,), 1), ["0", "02"]),
        (Rule("either", (0, 1), 2), ["0", "1", "01", "10"]),
        (Rule("both", (0, 1), 2), ["01", "10"]),
    ],
)
def test_a_rule_lights_exactly_what_it_says(rule: Rule, lit: list[str]) -> None:
    tried = ("", "0", "1", "2", "01", "10", "02", "12", "012")
    assert [shown for shown in tried if rule.lights(tuple(map(int, shown)))] == lit


def test_the_light_is_told_when_it_changes() -> None:
    stopped = lab(Rule("one", (0,), 1))
    assert told(stopped, RED) == "The red cube is on the machine. The machine is lit."
    assert told(stopped, RED, BLUE) == "The blue ball is on the machine. The machine is dark."
    off = "take the blue ball off the machine"
    assert told(stopped, RED, BLUE, off) == "The blue ball is on the table. The machine is lit."
    assert told(stopped, GREEN) == "The green ring is on the machine."


def test_where_order_may_count_it_is_told_and_counts() -> None:
    state = lab(Rule("order", (0, 1)), level=3)
    assert told(state, RED, BLUE) == "The blue ball is second on the machine. The machine is lit."
    assert told(state, BLUE, RED) == "The red cube is second on the machine."
    moved = told(state, GREEN, RED, BLUE, "take the green ring off the machine")
    assert moved == "The green ring is on the table. The red cube is first on the machine. " \
                    "The blue ball is second on the machine."  # fmt: skip


def test_a_machine_that_is_off_is_dark_and_tells_nothing_about_its_rule() -> None:
    state = lab(Rule("one", (0,)), running=False, bears=3)
    assert told(state, RED) == "The red cube is on the machine."
    still = world_of(2).law(state, RED).state
    assert still.possible == state.possible and not still.tried
    assert told(state, RED, "press the switch") == "The switch is on. The machine is lit."
    running = world_of(2).law(still, "press the switch").state
    assert running.possible != state.possible and running.tried == {(0,)}


def test_load_breaks_what_is_fragile_once_the_machine_runs() -> None:
    world = world_of(2)
    rested = lab(Rule("one", (0,)), running=False, bears=2, fragile=(2,))
    for action in (RED, BLUE, GREEN):
        effect = world.law(rested, action)
        rested = effect.state
        assert effect.harm is Harm.NONE
    pressed = world.law(rested, "press the switch")
    assert pressed.harm is Harm.HARMED and ("broken", "green ring") in pressed.told
    running = lab(Rule("one", (0,)), bears=2, fragile=(0,), on_machine=(0, 1))
    assert world.law(running, GREEN).harm is Harm.HARMED
    assert world.law(running._replace(fragile=()), GREEN).harm is Harm.NONE
    assert world.law(running._replace(bears=3), GREEN).harm is Harm.NONE
    assert "The machine bears 2 objects." in world.text(running) and "The red cube is fragile." in world.text(running)


@pytest.mark.parametrize(("role", "place"), [(CAUSE, 0), (STOPPER, 1), (NOTHING, 2)])
def test_an_answer_is_right_or_fails(role: str, place: int) -> None:
    state = lab(Rule("one", (0,), 1), ("tell", OBJECTS_HERE[place]))
    for said in (CAUSE, STOPPER, NOTHING):
        effect = world_of(1).law(state, f"say that the {OBJECTS_HERE[place]} {said}")
        assert effect.progress is (Progress.SATISFIED if said == role else Progress.FAILED)


@pytest.mark.parametrize(
    ("wish", "rule", "actions", "met"),
    [
        (("light", ""), Rule("one", (0,)), [BLUE, RED], True),
        (("with", "green ring"), Rule("one", (0,)), [RED], False),
        (("with", "green ring"), Rule("one", (0,)), [GREEN, RED], True),
        (("without", "red cube"), Rule("either", (0, 1)), [RED], False),
        (("without", "red cube"), Rule("either", (0, 1)), [BLUE], True),
        (("all lit", ""), Rule("both", (0, 1)), [RED, BLUE], False),
        (("all lit", ""), Rule("both", (0, 1)), [RED, BLUE, GREEN], True),
        (("all dark", ""), Rule("one", (0,), 1), [GREEN, RED], False),
        (("all dark", ""), Rule("one", (0,), 1), [GREEN, RED, BLUE], True),
    ],
)
def test_a_desire_is_met_by_the_light_it_asks_for(
    wish: tuple[str, str], rule: Rule, actions: list[str], met: bool
) -> None:
    state, progress = lab(rule, wish), None
    for action in actions:
        effect = world_of(1).law(state, action)
        state, progress = effect.state, effect.progress
    assert progress is (Progress.SATISFIED if met else Progress.ONGOING)


def test_actions_that_are_out_of_place_are_warnings_and_change_nothing() -> None:
    world = world_of(1)
    world.start(lab(Rule("one", (0,))))
    for action, part in {
        "dance": "not an action",
        "put the pink moon on the machine": "no pink moon",
        "take the red cube off the machine": "not on the machine",
        "press the switch": "running already",
        "say that the red cube is a cause": "nobody asked",
    }.items():
        with pytest.raises(BadAction, match=part):
            world.law(world.state, action)
        assert part in world.step(action)[4]["warning"]


# ---- what experiments leave possible --------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_rules_of_a_space_differ_somewhere(level: int) -> None:
    for families in (FAMILIES[level], *((*FAMILIES[level], family) for family in HELD_OUT.values())):
        space = space_of(4, families)
        behaviours = {tuple(rule.lights(a) for a in space.arrangements()) for rule in space.rules}
        assert len(behaviours) == len(space.rules)


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_possible_is_what_fits_the_experiments_of_the_episode(level: int) -> None:
    world = world_of(level)
    for _, _, after, _ in wander(world, 30):
        space = after.space
        fits = [all(rule.lights(a) == after.rule.lights(a) for a in after.tried) for rule in space.rules]
        assert after.possible == Space.where(fits)
        for arrangement in after.tried:
            assert space.decided(after.possible, arrangement)


def test_information_is_measured_in_bits() -> None:
    space = space_of(3, FAMILIES[1])
    assert entropy(0.5) == 1.0 and entropy(0.0) == entropy(1.0) == 0.0
    single = space.gain(space.all, (0,))
    assert 0.9 < single <= 1.0
    assert 0.0 < space.gain_about(space.all, (0,), 0) <= single
    known = 1
    assert space.gain(known, (0,)) == space.gain_about(known, (0,), 0) == 0.0
    assert space.role(known, 0) == CAUSE and space.role(space.all, 0) is None


# ---- who acts -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_the_best_experimenter_is_quicker_and_surer_than_custom_and_custom_than_chance(level: int) -> None:
    right = {
        quality: sum(progress is Progress.SATISFIED for progress, _, _ in lived(level, quality)) / 60
        for quality in ("best", "custom", "random")
    }
    assert right["best"] >= 0.98 and right["best"] > right["custom"] > right["random"]
    steps = {quality: sum(steps for _, _, steps in lived(level, quality)) for quality in ("best", "custom")}
    assert steps["best"] < steps["custom"]
    assert all(harm is Harm.NONE for quality in ("best", "custom") for _, harm, _ in lived(level, quality))


@pytest.mark.parametrize("level", LEVELS[1:])
def test_chance_breaks_things(level: int) -> None:
    assert 0.05 < sum(harm is Harm.HARMED for _, harm, _ in lived(level, "random")) / 60 < 0.5


@pytest.mark.parametrize(("level", "split", "axis"), PLACES)
def test_desires_can_be_met_on_every_axis(level: int, split: str, axis: str) -> None:
    world, satisfied = world_of(level, split, axis), 0
    show = world.demonstrator("best")
    for seed in range(12):
        world.reset(seed=seed)
        over = False
        while not over:
            _, reward, terminated, truncated, _ = world.step(show())
            over = terminated or truncated
        satisfied += reward == 1.0
    assert satisfied >= 11


def test_the_best_experimenter_answers_only_what_the_experiments_decide() -> None:
    world = world_of(1)
    show = world.demonstrator("best")
    for seed in range(80):
        world.reset(seed=seed)
        kind, name = world.state.wish
        over = kind != "tell"
        while not over:
            action, state = show(), world.state
            if action.startswith("say"):
                assert state.space.role(state.possible, state.place(name)) is not None
            _, _, terminated, truncated, _ = world.step(action)
            over = terminated or truncated


def test_demonstrators_know_nothing_but_what_was_seen() -> None:
    for quality in ("best", "custom"):
        world = world_of(3)
        show = world.demonstrator(quality)
        for seed in range(20):
            world.reset(seed=seed)
            state = world.state
            first = show()
            for rule in state.space.rules[::7]:
                world.start(state._replace(rule=rule))
                assert show() == first


# ---- hindsight, probes, exploring -----------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_hindsight_wishes_for_the_light_that_was_reached(level: int) -> None:
    world, found = world_of(level), set()
    texts = {telling.desire(w, i): w for name in ("", *OBJECTS_HERE) for w in ((k, name) for k in telling.DESIRES)
             for i in range(telling.DESIRE_WORDINGS)}  # fmt: skip
    for _, _, after, facts in wander(world, 80):
        wish = world.desire_for(frozenset(seen(after)))
        if any(fact[0] == "broken" for fact in facts):
            assert wish is None
        elif wish is not None:
            assert after.lit or len(after.on_machine) == len(after.objects)
            met = [telling.desire(w, i) for w in telling.wishes_met_by(frozenset(seen(after))) for i in range(3)]
            assert wish in met
            found.add(next((w[0] for text, w in texts.items() if text == wish), "with or without"))
    assert {"light", "with or without"} <= found


def test_hindsight_never_wishes_for_harm_or_held_out_things() -> None:
    world = world_of(2)
    lit = frozenset({("lamp", "lit"), ("on", "red cube"), ("table", "blue ball")})
    assert world.desire_for(lit) is not None
    assert world.desire_for(lit | {("broken", "red cube")}) is None
    assert world.desire_for(lit | {("table", "pink button")}) is None
    assert world.desire_for(lit | {("rule", "both"), ("role", "blue ball", STOPPER)}) is None
    assert world.desire_for(lit | {("rule", "one"), ("role", "blue ball", STOPPER)}) is not None
    assert world.desire_for(frozenset({("switch", "off"), ("lamp", "dark"), ("on", "a b"), ("on", "c d")})) is None


@pytest.mark.parametrize("probe", sorted(LabWorld.probes))
@pytest.mark.parametrize(("level", "split", "axis"), PLACES)
def test_probe_sides_differ_by_what_was_seen_alone(level: int, split: str, axis: str, probe: str) -> None:
    world = world_of(level, split, axis)
    for seed in range(12):
        pair = world.probe(probe, seed)
        assert pair == world.probe(probe, seed)
        left, right = pair.left, pair.right
        assert (left.desire, left.observation, left.step.action) == (right.desire, right.observation, right.step.action)
        assert [step.action for step in left.history] == [step.action for step in right.history]
        assert [step.change for step in left.history] != [step.change for step in right.history]
        assert len(pair.decisive) == 1 and {fact[0] for fact in pair.decisive} == {"lamp"}
        assert pair.judge(left.changed, right.changed) == (True, True)
        assert sum(pair.judge(left.changed, left.changed)) == 1
        assert all(step.progress is Progress.ONGOING and step.harm is Harm.NONE for step in left.history)


@pytest.mark.parametrize("level", LEVELS)
def test_the_history_of_a_probe_decides_its_outcome(level: int) -> None:
    for probe, repeated in (("recall", True), ("inference", False)):
        world = world_of(level)
        for seed in range(12):
            pair = world.probe(probe, seed)
            for (state, actions), side in zip(_sides(world, probe, seed), (pair.left, pair.right), strict=True):
                for action in actions[:-1]:
                    state = world.law(state, action).state
                last = world.law(state, actions[-1]).state
                arrangement = last.space.canonical(last.on_machine)
                assert state.space.decided(state.possible, arrangement)
                assert (arrangement in state.tried) == repeated
                assert side.step.outcome == world.text(last)


def _sides(world: LabWorld, probe: str, seed: int) -> tuple[tuple[State, list[str]], tuple[State, list[str]]]:
    from forethought.worlds.lawful import situation_rng

    rng = situation_rng(f"lab/probe {probe}", world.split, world.axis, world.level, seed)
    (left, actions), (right, _) = world.minimal_pair(probe, rng)
    return (left, list(actions)), (right, list(actions))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_probes_of_the_axis_rule_need_a_held_out_rule(split: str) -> None:
    world = world_of(1, split, "rule")
    for seed in range(20):
        (left, _), (right, _) = _sides(world, "inference", seed)
        assert HELD_OUT[split] in (left.rule.family, right.rule.family)


@pytest.mark.parametrize("level", LEVELS)
def test_exploring_never_ends_and_experiments_lead_where_they_say(level: int) -> None:
    world = world_of(level)
    observation, info = world.explore(3)
    assert (observation, info) == world_of(level).explore(3) and "machine" in info["desire"]
    before = world.experiments()
    assert len(set(before)) == len(before) and not world.understood()
    for way in before[:: max(1, len(before) // 8)]:
        copy = world.fork()
        for action in way:
            copy.step(action)
        assert len(copy.experiments()) < len(before)
    show, steps = world.demonstrator("best"), 0
    while not world.understood():
        world.step(show())
        steps += 1
    rng = random.Random(0)
    for _ in range(60):
        _, _, terminated, truncated, _ = world.step(rng.choice(world.candidates()))
        assert not terminated and not truncated
    world.reset(seed=0)
    assert world.step_limit == world.max_steps[level] and 0 < steps < 25
    with world.sealed(), pytest.raises(Sealed):
        world.experiments()


def test_what_is_understood_is_foreseen_by_every_possible_rule() -> None:
    world = world_of(2)
    world.explore(5)
    show = world.demonstrator("best")
    while not world.understood():
        world.step(show())
    state = world.state
    left = [rule for i, rule in enumerate(state.space.rules) if state.possible >> i & 1]
    assert left == [state.rule]
