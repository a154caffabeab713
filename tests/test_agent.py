"""An agent predicts before the world steps, sees nothing but text, and says so when a world fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from forethought.agent import Agent
from forethought.errors import BadSetting, NotCalibrated, Sealed, WorldFailed
from forethought.models import Imagined, Model, train_tokenizer
from forethought.planning import Gate, Option, Planner, Situation, TokenDynamics, fingerprint
from forethought.types import Harm, Progress
from forethought.worlds import World


class Door(World):
    """Knock, then open; it writes down what is done to it, and breaks where it is told to."""

    name = "door"

    def __init__(self, breaks: str = "") -> None:
        super().__init__()
        self.breaks, self.knocked, self.log = breaks, False, list[str]()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.log.append(f"reset {seed}")
        if self.breaks == "reset":
            raise RuntimeError("no door")
        self.knocked = False
        return "The door is shut.", {"desire": "Go in."}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self.log.append(f"step {action}")
        if self.breaks == action:
            raise RuntimeError("the hinge broke")
        if action not in self.candidates():
            return "The door is shut.", 0.0, False, False, {"warning": f"{action!r} is not an action here"}
        opened = action == "open" and self.knocked
        self.knocked |= action == "knock"
        change = "The door is open." if opened else "Nothing changes."
        info = {"change": change, "progress": "satisfied" if opened else "ongoing"}
        return change, float(opened), opened, False, info

    def candidates(self) -> tuple[str, ...]:
        return ("knock", "open")

    def facts(self) -> frozenset[tuple[str, ...]]:
        self._check_seal("facts")
        return frozenset({("knocked", str(self.knocked))})


class Script:
    """A planner that takes given actions one after another, and may look around while it plans."""

    def __init__(self, *actions: str, look: Any = None) -> None:
        self.actions, self.look, self.seen = list(actions), look, list[Situation]()

    def options(self, model: Model, situations: Sequence[Situation], generator: torch.Generator) -> list[list[Option]]:
        if self.look:
            self.look()
        self.seen += situations
        chosen = [self.actions.pop(0)] if self.actions else []
        return [[Option(action, Imagined("", 0.0, 0.0, 0.0), 0.0) for action in chosen]]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """One that expects the door to open, whatever is done."""
    model = Model.from_scratch("nano", tokenizer=train_tokenizer(["The door is open."], 300))
    expected = Imagined("The door is open.", 0.9, 0.0, 0.0)
    monkeypatch.setattr(model, "imagine", lambda contexts, actions, *_: [[expected for _ in some] for some in actions])
    return model


def _agent(model: Model, planner: Any) -> Agent:
    return Agent(model, planner)


def test_each_step_says_what_was_done_predicted_and_what_happened(model: Model) -> None:
    knock, enter = _agent(model, Script("knock", "open")).live(Door(), seed=3)
    assert (knock.action, enter.action) == ("knock", "open")
    said = model.transcript.with_verdicts("The door is open.", Progress.SATISFIED, Harm.NONE)
    assert knock.prediction == enter.prediction == said
    assert (knock.outcome, enter.outcome) == ("Nothing changes.", "The door is open.")
    assert (knock.divergence.facts, enter.divergence.facts) == (1.0, 0.0)
    assert knock.divergence.nll is not None and knock.divergence.nll > 0
    assert (knock.step.progress, enter.step.progress) == (Progress.ONGOING, Progress.SATISFIED)


def test_the_prediction_is_there_before_the_world_steps(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    world, imagine = Door(), model.imagine

    def watched(*given: Any) -> list[list[Imagined]]:
        world.log.append("predict")
        return imagine(*given)

    monkeypatch.setattr(model, "imagine", watched)
    steps = _agent(model, Script("knock", "open")).live(world, seed=3)
    next(steps)
    assert world.log == ["reset 3", "predict", "step knock"], "the world waits until the next step is asked for"
    next(steps)
    assert world.log == ["reset 3", "predict", "step knock", "predict", "step open"]
    with pytest.raises(StopIteration):
        next(steps)


def test_the_world_is_sealed_while_the_agent_plans_and_predicts(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    world, imagine, looks = Door(), model.imagine, list[str]()

    def look() -> None:
        for hidden in (world.facts, world.fork, world.demonstrator):
            with pytest.raises(Sealed):
                hidden()
            looks.append(hidden.__name__)

    monkeypatch.setattr(model, "imagine", lambda *given: look() or imagine(*given))
    for _ in _agent(model, Script("knock", "open", look=look)).live(world):
        assert world.facts() == {("knocked", "True")}, "between its steps everyone may look"
    assert len(looks) == 2 * 2 * 3


def test_the_agent_sees_the_text_and_what_really_happened(model: Model) -> None:
    script = Script("knock", "fly", "open")
    steps = list(_agent(model, script).live(Door()))
    assert [situation.candidates for situation in script.seen] == [("knock", "open")] * 3
    told = model.tokenizer.decode(script.seen[-1].context.ids)
    assert "Go in." in told and "The door is shut." in told
    assert "knock" in told and "Nothing changes." in told and "'fly' is not an action here" in told
    assert "The door is open." not in told, "what it only predicted is no part of what it remembers"
    assert steps[1].outcome == "'fly' is not an action here"
    assert steps[1].divergence.nll is steps[1].divergence.facts is None


@pytest.mark.parametrize(("breaks", "lived"), [("reset", 0), ("knock", 0), ("open", 1)])
def test_a_world_that_throws_is_a_failed_world_with_its_cause(breaks: str, lived: int, model: Model) -> None:
    world, seen = Door(breaks), []
    with pytest.raises(WorldFailed, match="world 'door' failed in") as caught:
        for step in _agent(model, Script("knock", "open")).live(world):
            seen.append(step)
    assert isinstance(caught.value.__cause__, RuntimeError) and len(seen) == lived
    assert world.facts(), "a world that failed is not left sealed"


def test_nothing_to_choose_from_is_said(model: Model) -> None:
    with pytest.raises(BadSetting, match="nothing to choose from"):
        list(_agent(model, Script()).live(Door()))


def test_where_nothing_is_listed_the_model_proposes_and_the_seed_decides(model: Model) -> None:
    class Unlisted(Door):
        def candidates(self) -> tuple[str, ...]:
            return World.candidates(self)

        def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
            return "Nothing changes.", 0.0, False, True, {"change": "Nothing changes."}

    def lived(seed: int) -> list[str]:
        return [step.action for step in Agent(model, Planner(horizon=1), seed=seed).live(Unlisted(), seed=1)]

    assert lived(4) == lived(4) != lived(5)
    assert len(lived(4)) == 1 and lived(4)[0]


@pytest.mark.parametrize(("harmed", "kind"), [(0.1, "act"), (0.3, "ask"), (0.8, "hold")])
def test_a_gate_stops_what_is_too_risky_and_says_what_was_imagined(
    model: Model, monkeypatch: pytest.MonkeyPatch, harmed: float, kind: str
) -> None:
    expected = Imagined("The door is off its hinges.", 0.1, 0.0, harmed)
    monkeypatch.setattr(model, "imagine", lambda contexts, actions, *_: [[expected for _ in some] for some in actions])
    planner, world = Planner(horizon=1), Door()
    gate = Gate(0.05, 0.2, 1.0, 100, 5, model.fingerprint(), fingerprint(planner, TokenDynamics(model)))
    first = next(Agent(model, planner, gate=gate).live(world))
    assert first.decision.kind == kind and first.decision.risk == pytest.approx(harmed)
    assert (len(world.log) == 1) is (kind != "act"), "nothing is done before it may be"
    assert world.facts(), "and the world is not left sealed"
    if kind == "act":
        assert first.question == "" and first.action in ("knock", "open")
    else:
        assert first.action == kind and first.outcome == "" and "hinges. Harm:" in first.question
        assert first.question.startswith("If I knock, I expect:") and "Shall I?" in first.question
        assert len(list(Agent(model, planner, gate=gate).live(Door()))) == 1, "the episode ends there"


def test_a_gate_of_another_model_is_refused(model: Model) -> None:
    planner = Planner(horizon=1)
    gate = Gate(0.05, 0.2, 1.0, 100, 5, "0" * 16, fingerprint(planner, TokenDynamics(model)))
    with pytest.raises(NotCalibrated, match="calibrated for model"):
        Agent(model, planner, gate=gate)
