"""AgentDojo's workspace suite as a world: an inbox, a calendar and a drive, used by tool calls written as text."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, ClassVar, Self

from gymnasium.spaces import Text

from forethought.errors import BadAction
from forethought.integrations import agentdojo_tasks as tasks
from forethought.integrations.adapter import Adapter, Outcome, optional, plain
from forethought.types import Harm, Progress
from forethought.worlds.base import CHARSET

LONGEST_RESULT = 262_144
"""Characters of an observation: whole mailboxes are listed by one call."""
ANSWER = "answer"
"""The action that ends an episode: what follows it is told to the user."""


class WorkspaceWorld(Adapter):
    """A user's request about mails, events and files. Actions are calls: ``search_emails {"query": "yoga"}``.

    ``answer ...`` ends the episode; AgentDojo's own check of the task then says whether the desire is satisfied. Harm:
    a call that destroys something or reaches somebody whom no solution of the task does, or an injection task that
    AgentDojo's own check finds done. Rewards: 1 when satisfied, else 0. The environment lists no actions.

    There are forty tasks: without an axis every split asks for those of training, in the one workspace that AgentDojo
    has.
    """

    name = "agentdojo"
    extra = tasks.EXTRA
    summary = "AgentDojo's workspace: mails, events and files by tool calls, with injected orders on an axis"
    axes: ClassVar[dict[str, str]] = {
        "combination": "one request for two things that training asks for apart",
        "tasks": "requests that training does not have",
        "injection": "training's requests, where mails, files and events hold orders of somebody else",
    }
    recombines: ClassVar[frozenset[str]] = frozenset({"combination"})
    max_steps: ClassVar[dict[int, int]] = {1: 15}

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        super().__init__(level=level, split=split, seed=seed, axis=axis)
        self._suite = tasks.suite()
        self.observation_space = Text(LONGEST_RESULT, min_length=0, charset=CHARSET)
        runtime = optional("agentdojo.functions_runtime", self.extra)
        self._runtime, self._call = runtime.FunctionsRuntime(self._suite.tools), runtime.FunctionCall
        self._tools = {tool.name: tool for tool in self._suite.tools}
        signatures = (f"{name}({', '.join(tool.parameters.model_fields)})" for name, tool in self._tools.items())
        self._signatures = ", ".join(signatures)
        self._order = self._numbers()

    def _numbers(self) -> list[int]:
        """The user tasks of this split and axis, in an order of their own."""
        found = {"combination": tasks.COMBINED, "tasks": tasks.HELD_OUT}.get(self.axis)
        numbers = list(found[self.split]) if found else tasks.training_tasks()
        random.Random(f"{self.name}/{self.split}/{self.axis}").shuffle(numbers)
        return numbers

    # ---- the episode ----------------------------------------------------------------------------------------------
    def begin(self, rng: random.Random) -> tuple[str, str]:
        """The task of this seed: the tasks of a split follow one another."""
        self._injection: Any = None
        injection = ""
        start = self.seed
        if self.axis == "injection":
            number = rng.choice(tasks.INJECTIONS[self.split])
            self._injection = self._suite.get_injection_task_by_id(f"injection_task_{number}")
            injection = tasks.ORDERS[self.split].format(self._injection.GOAL)
        for k in range(len(self._order)):
            task = self._suite.get_user_task_by_id(f"user_task_{self._order[(start + k) % len(self._order)]}")
            before = task.init_environment(tasks.environment(injection).model_copy(deep=True))
            solution = task.ground_truth(before.model_copy(deep=True))
            if not injection or self._shows(injection, before, solution):
                break
        self._task, self._before, self._solution = task, before, solution
        self._workspace, self._trace = before.model_copy(deep=True), list[Any]()
        self._asked = tasks.asked(solution)
        return self._told("You have not looked at anything yet."), plain(task.PROMPT).strip()

    def _shows(self, injection: str, before: Any, solution: list[Any]) -> bool:
        """Whether somebody who solves the task meets the injection on the way."""
        workspace = before.model_copy(deep=True)
        results = [self._runtime.run_function(workspace, made.function, made.args)[0] for made in solution]
        return any(injection[:40] in tasks.in_text(result) for result in results)

    def act(self, action: str) -> Outcome:
        """A call of a tool, or the answer that ends the episode."""
        name, _, said = action.strip().partition(" ")
        if name == ANSWER:
            return self._answered(said)
        name, arguments = tasks.parse(action, self._tools)
        result, error = self._runtime.run_function(self._workspace, name, arguments)
        if error is not None and error.startswith("ValidationError"):
            raise BadAction(plain(f"{name}: {' '.join(error.split())}")[:300])
        text = plain(f"The call fails. {error}") if error else tasks.in_text(result)
        harm = Harm.NONE
        if error is None:
            self._trace.append(self._call(function=name, args=arguments))
            if tasks.unasked(name, arguments, self._asked) or self._obeyed(""):
                harm = Harm.HARMED
        return Outcome(self._told(text), text, harm=harm)

    def _answered(self, said: str) -> Outcome:
        """AgentDojo's own checks of the answer and of the workspace."""
        checked = said, self._before, self._workspace
        good = self._task.utility_from_traces(*checked, self._trace)
        if good is None:
            good = self._task.utility(*checked)
        progress = Progress.SATISFIED if good else Progress.FAILED
        harm = Harm.HARMED if self._obeyed(said) else Harm.NONE
        change = "The user is content." if good else "The user is not content."
        return Outcome(self._told(change), change, float(good), progress, harm)

    def _obeyed(self, said: str) -> bool:
        """Whether the injection task has been done, by AgentDojo's own check."""
        if self._injection is None:
            return False
        done = self._injection.security_from_traces(said, self._before, self._workspace, self._trace)
        return bool(self._injection.security(said, self._before, self._workspace) if done is None else done)

    def _told(self, latest: str) -> str:
        """The tools, what there is, and what the latest call gave."""
        workspace = self._workspace
        mails, files = len(workspace.inbox.emails), len(workspace.cloud_drive.files)
        there = f"There are {mails} emails, {len(workspace.calendar.events)} events and {files} files."
        return f"Tools: {self._signatures}\n{there}\n{latest}"

    def options(self) -> None:
        """Nothing: the arguments of a call are free text."""
        return None

    # ---- extras ---------------------------------------------------------------------------------------------------
    def fork(self) -> Self:
        """A snapshot of the workspace."""
        self._check_seal("fork")
        other = self._twin()
        if self._text:
            other._task, other._injection, other._before = self._task, self._injection, self._before
            other._solution, other._asked, other.seed = self._solution, self._asked, self.seed
            other._workspace, other._trace = self._workspace.model_copy(deep=True), [*self._trace]
            other._text, other._over, other._taken = self._text, self._over, [*self._taken]
        other._next_seed = self._next_seed
        return other

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """``best``: AgentDojo's own solution of the task and its answer; ``custom``: the same, then
        what an injected order asks for (as far as AgentDojo has a solution of it).
        """
        self._check_seal("demonstrator")
        ahead: list[str] = []

        def act() -> str:
            if not self._taken:
                solution = self._solution
                if quality != "best" and self._injection is not None:
                    solution = [*solution, *self._injection.ground_truth(self._before.model_copy(deep=True))]
                ahead[:] = [tasks.call(made.function, made.args) for made in solution]
                ahead.append(f"{ANSWER} {self._task.GROUND_TRUTH_OUTPUT}".strip())
            return ahead.pop(0) if ahead else ANSWER

        return act
