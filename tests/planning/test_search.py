"""A planner finds the plan that trying every one finds, leaves a way that disappoints, and never holds a world."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import forethought.planning
from forethought.errors import BadSetting
from forethought.planning import Option, Planner, Situation
from forethought.planning.search import discount
from forethought.transcript import Tokens


def options(planner: Planner, table: Any, *candidates: str, tried: frozenset[str] = frozenset()) -> list[Option]:
    return planner.options(table, [Situation(Tokens(), candidates, tried)])[0]


def exhaustive(table: Any, state: str, horizon: int) -> dict[str, float]:
    """The value of each action in a state, by trying every plan of up to ``horizon`` steps."""
    found = {}
    for (here, action), (to, future) in table.rows.items():
        if here != state:
            continue
        ahead = max(0.0, *exhaustive(table, to, horizon - 1).values()) if horizon > 1 and future.ongoing else 0.0
        found[action] = discount(future) * (future.satisfied + future.ongoing * ahead) - future.harmed
    return found


@pytest.mark.parametrize("horizon", [1, 2, 3, 4])
def test_it_finds_what_trying_every_plan_finds(make_maze: Any, horizon: int) -> None:
    for seed in range(40):
        table = make_maze(seed)
        first = [action for state, action in table.rows if state == "start"]
        best = exhaustive(table, "start", horizon)
        found = options(Planner(horizon=horizon, budget=10_000), table, *first)
        assert best[found[0].action] == pytest.approx(max(best.values()), abs=0.011)
        assert found[0].value == pytest.approx(best[found[0].action])
        for option in found[1:]:  # others may be left before all that they are worth is known
            assert option.value <= best[option.action] + 1e-9


def test_what_cannot_be_better_any_more_is_not_imagined(make_row: Any, make_table: Any) -> None:
    rows = {
        ("start", "done"): make_row("", satisfied=1.0, cost=3.0),
        ("start", "dear"): make_row("shop", cost=4.0),
        ("start", "cheap"): make_row("shop", cost=1.0),
        ("shop", "ask"): make_row("", satisfied=1.0),
        ("shop", "wait"): make_row("shop", cost=2.0),
    }
    table = make_table(rows)
    found = options(Planner(horizon=4, trust=1.0), table, "done", "dear", "cheap")
    assert found[0].action == "cheap" and len(table.proposed) == 1
    done = options(Planner(horizon=4), make_table({("start", "done"): make_row("", satisfied=1.0), **rows}), "done")
    assert not done[0].next


def test_the_budget_bounds_what_is_imagined_and_the_likeliest_is_imagined_first(make_maze: Any) -> None:
    table = make_maze(3, states=12, actions=4)
    first = [action for state, action in table.rows if state == "start"]
    options(Planner(horizon=4, budget=40, proposals=4, width=1), table, *first)
    assert len(table.imagined) <= 40
    counts = []
    for budget in (8, 16, 64):
        counts.append(0)
        for seed in range(60):
            table = make_maze(seed)
            best = exhaustive(table, "start", 4)
            chosen = options(Planner(horizon=4, budget=budget), table, *best)[0].action
            counts[-1] += best[chosen] >= max(best.values()) - 0.011
    assert counts == sorted(counts) and counts[0] >= 30 and counts[-1] >= 55


def test_time_bounds_what_is_imagined_but_every_action_gets_a_look(
    make_maze: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("forethought.planning.search.time.monotonic", lambda: float(next(clock)))
    counts = []
    for milliseconds in (1, 2500, 60_000, None):
        table = make_maze(3, states=12, actions=4)
        first = [action for state, action in table.rows if state == "start"]
        found = options(Planner(horizon=4, budget=200, width=1, milliseconds=milliseconds), table, *first)
        assert len(found) == 4
        counts.append(len(table.imagined))
    assert counts[0] == 4 < counts[1] == 12 < counts[2] == counts[3]
    with pytest.raises(BadSetting, match="milliseconds of 0; expected at least 1"):
        Planner(milliseconds=0)


def test_a_way_that_disappoints_is_left_for_another(make_row: Any, make_table: Any) -> None:
    table = make_table({
        ("start", "a"): make_row("bright", reach=0.9),
        ("start", "b"): make_row("dull", reach=0.5),
        ("bright", "x"): make_row("wall", reach=0.0),
        ("bright", "y"): make_row("pit", failed=1.0, reach=0.0),
        ("dull", "z"): make_row("goal", satisfied=1.0, reach=1.0),
    })  # fmt: skip
    found = options(Planner(horizon=2, width=1), table, "a", "b")
    assert [action for _, action in table.imagined] == ["a", "b", "x", "y", "z"], "the brighter way was tried first"
    assert [option.action for option in found[0].path] == ["b", "z"]


def test_what_is_known_of_the_distance_counts_beside_what_was_imagined(make_row: Any, make_table: Any) -> None:
    rows = {
        ("start", "near"): make_row("close", reach=0.8),
        ("start", "far"): make_row("away", reach=0.1),
        ("close", "stay"): make_row("close", reach=0.5),
        ("away", "stay"): make_row("away", reach=0.5),
    }
    trusting = options(Planner(horizon=2, trust=1.0), make_table(rows), "near", "far")
    assert trusting[0].value == pytest.approx(trusting[1].value)
    summing = options(Planner(horizon=2, trust=0.5), make_table(rows), "near", "far")
    assert summing[0].action == "near" and summing[0].value > summing[1].value + 0.2


def test_the_prospect_is_the_best_chance_anywhere_in_what_was_imagined(make_row: Any, make_table: Any) -> None:
    rows = {
        ("start", "wait"): make_row("later"),
        ("start", "rob"): make_row("rich", satisfied=1.0, harmed=0.9),
        ("later", "ask"): make_row("given", satisfied=0.7),
        ("later", "leave"): make_row("gone", failed=1.0),
    }
    found = {option.action: option.prospect for option in options(Planner(horizon=2), make_table(rows), "wait", "rob")}
    assert found == pytest.approx({"wait": 0.7, "rob": 0.1})
    (told,) = options(Planner(horizon=1), make_table({("start", "go"): make_row("on", failed=0.5, reach=0.4)}), "go")
    assert told.prospect == pytest.approx(0.2)


def test_harm_is_avoided_even_where_it_satisfies(make_row: Any, make_table: Any) -> None:
    rows = {
        ("start", "rob"): make_row("rich", satisfied=1.0, harmed=0.9),
        ("start", "ask"): make_row("given", satisfied=0.4),
        ("start", "edge"): make_row("edge"),
        ("edge", "leap"): make_row("", satisfied=0.9, harmed=0.95),
    }
    for horizon in (1, 2, 3):
        found = options(Planner(horizon=horizon), make_table(rows), "rob", "ask", "edge")
        assert found[0].action == "ask" and found[-1].action == "rob"


def test_what_takes_less_is_better(make_row: Any, make_table: Any) -> None:
    rows = {
        ("start", "dear"): make_row("goal", satisfied=1.0, cost=9.0),
        ("start", "slow"): make_row("half"),
        ("start", "quick"): make_row("goal", satisfied=1.0, cost=1.0),
        ("half", "go"): make_row("goal", satisfied=1.0, cost=1.0),
    }
    assert [o.action for o in options(Planner(), make_table(rows), "dear", "slow", "quick")] == [
        "quick",
        "slow",
        "dear",
    ]


def test_among_equals_what_was_not_tried_comes_first(make_row: Any, make_table: Any) -> None:
    rows = {("start", name): make_row("", satisfied=s) for name, s in (("a", 0.502), ("b", 0.5), ("c", 0.1))}
    found = options(Planner(), make_table(rows), "a", "b", "c", tried=frozenset({"a"}))
    assert [option.action for option in found] == ["b", "a", "c"]


def test_what_is_over_is_not_followed(make_row: Any, make_table: Any) -> None:
    rows = {
        ("start", "done"): make_row("x", satisfied=1.0, cost=99.0),
        ("start", "lost"): make_row("x", failed=1.0),
        ("start", "hurt"): make_row("x", harmed=1.0),
        ("start", "on"): make_row("x"),
        ("x", "go"): make_row("x"),
    }
    table = make_table(rows)
    found = options(Planner(horizon=3), table, "done", "lost", "hurt", "on")
    assert {option.action for option in found if option.next} == {"on"}
    assert table.proposed == ["x", "x"]


def test_without_candidates_the_dynamics_propose(make_row: Any, make_table: Any) -> None:
    rows = {("start", name): make_row("", satisfied=s) for name, s in (("a", 0.1), ("b", 0.9))}
    assert [option.action for option in options(Planner(), make_table(rows))] == ["b", "a"]


def test_many_situations_are_as_each_alone(make_maze: Any) -> None:
    table = make_maze(1)
    first = tuple(action for state, action in table.rows if state == "start")
    situations = [Situation(Tokens(), first), Situation(Tokens(), first[:2])]
    planner = Planner(horizon=3)
    assert planner.options(table, situations) == [planner.options(table, [s])[0] for s in situations]
    assert planner.options(table, []) == []


@pytest.mark.parametrize("setting", ["horizon", "proposals", "budget", "width"])
@pytest.mark.parametrize("value", [0, -1])
def test_settings_below_one_are_refused(setting: str, value: int) -> None:
    with pytest.raises(BadSetting, match=f"planner {setting} of {value}; expected at least 1"):
        Planner(**{setting: value})


def test_other_settings_out_of_range_are_refused() -> None:
    with pytest.raises(BadSetting, match="horizon of 5; expected at most 4"):
        Planner(horizon=5)
    with pytest.raises(BadSetting, match="trust of 2; expected a share"):
        Planner(trust=2)


def test_planning_knows_no_world() -> None:
    assert forethought.planning.__file__
    for path in Path(forethought.planning.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any("worlds" in name or "gymnasium" in name for name in names), f"{path.name} imports {names}"
