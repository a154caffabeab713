"""A planner chooses by what is imagined: what satisfies, also two steps ahead, and never what harms; no world in it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

import forethought.planning
from forethought.errors import BadSetting
from forethought.models import Imagined
from forethought.planning import Option, Planner, Situation
from forethought.transcript import Role, Tokens
from forethought.types import Step

Outcomes = dict[tuple[str, ...], tuple[float, float, float]]
"""P(satisfied), P(failed), P(harmed) after these actions, from the first one on; anything else changes nothing."""


class _Words:
    """Every text is one token."""

    def __init__(self) -> None:
        self.known: list[str] = []

    def action(self, text: str) -> Tokens:
        return Tokens([self._number(text)], [Role.ACTION])

    def outcome(self, step: Step) -> Tokens:
        return Tokens([self._number(f"= {step.change}")], [Role.OUTCOME])

    def spell(self, context: Tokens) -> list[str]:
        return [self.known[i] for i in context.ids]

    def _number(self, text: str) -> int:
        if text not in self.known:
            self.known.append(text)
        return self.known.index(text)


class Dreamer:
    """A model whose imagined outcomes are given; it counts what it is asked."""

    def __init__(self, outcomes: Outcomes, proposals: Sequence[str] = ()) -> None:
        self.transcript, self.outcomes, self.proposals = _Words(), outcomes, list(proposals)
        self.imagined_in_words = self.proposed = 0

    def judge(self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]]) -> list[list[Imagined]]:
        return [[self._outcome(c, a, "") for a in some] for c, some in zip(contexts, actions, strict=True)]

    def imagine(self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]]) -> list[list[Imagined]]:
        self.imagined_in_words += sum(len(some) for some in actions)
        return [[self._outcome(c, a, f"{a} done") for a in some] for c, some in zip(contexts, actions, strict=True)]

    def propose(
        self, contexts: Sequence[Tokens], count: int, generator: torch.Generator | None = None
    ) -> list[list[str]]:
        self.proposed += len(contexts)
        return [self.proposals[:count] for _ in contexts]

    def _outcome(self, context: Tokens, action: str, text: str) -> Imagined:
        done = [word for word in self.transcript.spell(context) if not word.startswith("=")]
        return Imagined(text, *self.outcomes.get((*done, action), (0.01, 0.01, 0.01)))


def _options(planner: Planner, dreamer: Any, *candidates: str) -> list[Option]:
    return planner.options(dreamer, [Situation(Tokens(), candidates)])[0]


def test_one_step_ahead_it_picks_what_satisfies() -> None:
    dreamer = Dreamer({("b",): (0.9, 0.0, 0.0), ("c",): (0.5, 0.0, 0.0)})
    options = _options(Planner(horizon=1), dreamer, "a", "b", "c")
    assert [option.action for option in options] == ["b", "c", "a"]
    assert options[0].imagined.satisfied == 0.9 and options[0].next == ()
    assert dreamer.imagined_in_words == dreamer.proposed == 0, "one step ahead needs verdicts alone"


def test_harm_is_avoided_even_where_it_satisfies() -> None:
    outcomes = {("robs",): (0.99, 0.0, 0.9), ("asks",): (0.4, 0.0, 0.0), ("waits",): (0.0, 0.0, 0.0)}
    for horizon in (1, 2, 3):
        options = _options(Planner(horizon=horizon), Dreamer(outcomes, ["wait"]), "robs", "asks", "waits")
        assert [option.action for option in options] == ["asks", "waits", "robs"]


def test_two_steps_ahead_it_prefers_the_way_that_leads_there() -> None:
    outcomes = {("fetch", "use"): (0.95, 0.0, 0.0), ("guess",): (0.3, 0.0, 0.0)}
    dreamer = Dreamer(outcomes, ["use", "wait"])
    assert _options(Planner(horizon=1), dreamer, "guess", "fetch")[0].action == "guess"
    best = _options(Planner(horizon=2), dreamer, "guess", "fetch")[0]
    assert best.action == "fetch" and best.next[0].action == "use"
    assert best.imagined.text == "fetch done", "what is followed has been put into words"


def test_sooner_is_better_than_later() -> None:
    outcomes = {("now",): (0.9, 0.0, 0.0), ("later", "then"): (0.9, 0.0, 0.0)}
    assert _options(Planner(horizon=2), Dreamer(outcomes, ["then"]), "later", "now")[0].action == "now"


def test_a_way_into_harm_is_not_taken() -> None:
    outcomes = {
        ("edge",): (0.0, 0.0, 0.0),
        ("edge", "leap"): (0.9, 0.0, 0.95),
        ("path",): (0.0, 0.0, 0.0),
        ("path", "leap"): (0.5, 0.0, 0.0),
    }
    assert _options(Planner(horizon=2), Dreamer(outcomes, ["leap"]), "edge", "path")[0].action == "path"


def test_three_steps_ahead_it_looks_past_two() -> None:
    dreamer = Dreamer({("a", "b", "c"): (1.0, 0.0, 0.0)}, ["b", "c", "d"])
    assert _options(Planner(horizon=3), dreamer, "d", "a")[0].action == "a"
    assert _options(Planner(horizon=2), dreamer, "d", "a")[0].action == "d"


def test_what_is_over_is_not_followed_and_the_beam_bounds_the_rest() -> None:
    outcomes = {("done",): (0.9, 0.0, 0.0), ("lost",): (0.0, 0.9, 0.0), ("hurt",): (0.0, 0.0, 0.9)}
    dreamer = Dreamer(outcomes, ["wait"])
    options = _options(Planner(horizon=2, beam=2), dreamer, "done", "lost", "hurt", "x", "y", "z")
    assert {option.action for option in options if option.next} <= {"x", "y", "z"}
    assert dreamer.imagined_in_words == 2 == sum(bool(option.next) for option in options)


def test_without_candidates_the_model_proposes() -> None:
    dreamer = Dreamer({("b",): (0.9, 0.0, 0.0)}, ["a", "b", "a", "", "c"])
    assert [o.action for o in _options(Planner(horizon=1, proposals=4), dreamer)] == ["b", "a"]
    assert _options(Planner(horizon=1), Dreamer({})), "there is something to do even when nothing was proposed"


def test_many_situations_are_as_each_alone() -> None:
    dreamer = Dreamer({("a", "b"): (0.9, 0.0, 0.0), ("c",): (0.4, 0.0, 0.0)}, ["b"])
    situations = [Situation(Tokens(), ("a", "c")), Situation(dreamer.transcript.action("a"), ("b", "c"))]
    together = Planner(horizon=2).options(dreamer, situations)  # type: ignore[arg-type]
    alone = [Planner(horizon=2).options(dreamer, [s])[0] for s in situations]  # type: ignore[arg-type]
    assert together == alone
    assert Planner().options(dreamer, []) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("setting", ["horizon", "proposals", "beam"])
@pytest.mark.parametrize("value", [0, -1])
def test_settings_below_one_are_refused(setting: str, value: int) -> None:
    with pytest.raises(BadSetting, match=f"planner {setting} of {value}; expected at least 1"):
        Planner(**{setting: value})


def test_planning_knows_no_world() -> None:
    assert forethought.planning.__file__
    for path in Path(forethought.planning.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any("worlds" in name or "gymnasium" in name for name in names), f"{path.name} imports {names}"
