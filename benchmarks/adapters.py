"""What an adapter costs: its step's time as a ratio to the wrapped environment's own step, in one run.

    python benchmarks/adapters.py      # in an environment with the extras minigrid, textworld and agentdojo, and Java

For each world, situations are drawn and random actions are noted beforehand (for AgentDojo, its own solutions); then
three arms take turns with exactly those actions, and only their steps are timed, in processor seconds (those of Java
too):

- ``adapter``: the world's ``step``, with text, change, verdicts and candidates;
- ``bare``: the ``step`` of the wrapped environment's class (TextWorldExpress: the call of its Java server and the
  reading of its JSON alone; AgentDojo: ``FunctionsRuntime.run_function`` alone);
- ``usual``: what its users step: with the wrappers of ``gymnasium.make``; ``TextWorldExpressEnv.step``; a call of
  AgentDojo with the text that its pipeline makes of the result.

``bare_cost_ratio`` and ``usual_cost_ratio`` are the adapter's time divided by that arm's (1.1 is 10% more): the mean
over turns with its bootstrap interval, ``n`` turns. ``per_second_steps`` are an arm's steps per processor second.
A world whose package is missing is left out, and said so.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from forethought.evaluation.results import save_results
from forethought.evaluation.statistics import Record, bootstrap
from forethought.integrations.adapter import Adapter, MissingExtra
from forethought.integrations.textworld_engine import Engine
from forethought.worlds import ADAPTED, make

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "adapters.json"
ARMS = ("adapter", "bare", "usual")
STEPS = {"twx": 1_000, "agentdojo": 150}
"""Steps of a turn, by the beginning of a world's name; of the others ``--steps``."""
WARM_UP = {"twx": 4}
"""Turns that do not count: Java's compiler gets to work. Of the others: one."""
Plan = tuple[int, list[str]]
"""A situation's seed and the actions that are taken in it."""


def main() -> None:
    """Times every adapted world and writes the records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--steps", type=int, default=6_000)
    parser.add_argument("--worlds", nargs="*", default=list(ADAPTED))
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    records: list[Record] = []
    for name in args.worlds:
        try:
            world = make(name)
        except MissingExtra as error:
            print(f"{name}: left out: {error}", file=sys.stderr)
            continue
        assert isinstance(world, Adapter)
        wanted = next((steps for start, steps in STEPS.items() if name.startswith(start)), args.steps)
        records += measured(world, plans(world, wanted), args.turns)
        world.close()
    command = " ".join(["python", "benchmarks/adapters.py", *sys.argv[1:]])
    save_results(args.output, records, command)


def plans(world: Adapter, steps: int) -> list[Plan]:
    """Situations and actions for so many steps."""
    found: list[Plan] = []
    while sum(len(actions) for _, actions in found) < steps:
        seed = len(found)
        world.reset(seed=seed)
        rng, solve, actions, over = random.Random(seed), world.demonstrator("best"), list[str](), False
        while not over:
            listed = world.options()
            actions.append(rng.choice(listed) if listed else solve())
            *_, terminated, truncated, _ = world.step(actions[-1])
            over = terminated or truncated
        if actions[-1].startswith("answer"):  # AgentDojo's check of the end is no step of its environment
            actions.pop()
        found.append((seed, actions))
    return found


def measured(world: Adapter, planned: Sequence[Plan], turns: int) -> list[Record]:
    """The records of one world."""
    spent: dict[str, list[float]] = {arm: [] for arm in ARMS}
    steps = sum(len(actions) for _, actions in planned)
    cold = next((turns for start, turns in WARM_UP.items() if world.name.startswith(start)), 1)
    for turn in range(-cold, turns):
        for arm in ARMS[turn % 3 :] + ARMS[: turn % 3]:
            taken = sum(one_episode(world, arm, seed, actions) for seed, actions in planned)
            if turn >= 0:
                spent[arm].append(taken / steps)
    records = []
    for arm in ARMS:
        interval = bootstrap([1 / seconds for seconds in spent[arm]])
        records.append(Record(arm, world.name, "train", "", "per_second_steps", *interval, n=turns))
    for arm in ARMS[1:]:
        interval = bootstrap([ours / theirs for ours, theirs in zip(spent["adapter"], spent[arm], strict=True)])
        records.append(Record("adapter", world.name, "train", "", f"{arm}_cost_ratio", *interval, n=turns))
    for record in records:
        print(f"{record.world:18} {record.arm:8} {record.metric:18} {record.value:11.2f} "
              f"({record.low:.2f} to {record.high:.2f})", flush=True)  # fmt: skip
    return records


def one_episode(world: Adapter, arm: str, seed: int, actions: list[str]) -> float:
    """Processor seconds that an arm takes for the actions in the situation of ``seed``."""
    java = world.name.startswith("twx")
    world.reset(seed=seed)
    step, moves = (world.step, actions) if arm == "adapter" else other(world, arm, actions)
    before = java_seconds() if java else 0.0
    start = time.process_time()
    for move in moves:
        step(move)
    spent = time.process_time() - start
    return spent + java_seconds() - before if java else spent


def java_seconds() -> float:
    """Processor time of the threads of the Java process so far."""
    process = Engine.running()._owner._gateway.java_process.pid
    spent = 0
    for path in Path(f"/proc/{process}/task").glob("*/schedstat"):
        try:
            spent += int(path.read_text(encoding="utf-8").split()[0])
        except OSError:  # it ended meanwhile
            continue
    return spent / 1e9


def other(world: Any, arm: str, actions: list[str]) -> tuple[Callable[[Any], Any], list[Any]]:
    """The step of the environment that ``world`` wraps, in its present state, and the actions as it takes them."""
    if world.name.startswith("twx"):
        return textworld(world, arm, actions)
    if world.name == "agentdojo":
        return agentdojo(world, arm, actions)
    if hasattr(world, "walk"):
        env, moves = deepcopy(world.walk.env), [world.walk.moves[action] for action in actions]
    else:
        from forethought.integrations.grids import ACTIONS

        env, moves = deepcopy(world._env), [ACTIONS[action] for action in actions]
    if arm == "usual":
        env = wrapped_as_usual(env)
    return env.step, moves


def wrapped_as_usual(env: Any) -> Any:
    """With the wrappers of ``gymnasium.make``, in its present state."""
    from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, TimeLimit

    now = vars(deepcopy(env))
    usual = TimeLimit(OrderEnforcing(PassiveEnvChecker(env)), 10**9)
    usual.reset(seed=0)
    usual.step(0)  # the first step is checked at greater length
    vars(env).update(now)
    return usual


def textworld(world: Any, arm: str, actions: list[str]) -> tuple[Callable[[Any], Any], list[Any]]:
    """The game of TextWorldExpress in the same Java process: its server's JSON, or its Python class."""
    if arm == "bare":
        return world.session.step, actions
    env = Engine.running()._owner
    parameters = ",".join(f"{key}={value}" for key, value in world.made_with.items())
    if (env.gameName, env.gameParams) != (world.game, parameters):
        env.load(world.game, parameters)
    env.reset(seed=world._game_seed, gameFold="train")
    return env.step, actions


def agentdojo(world: Any, arm: str, actions: list[str]) -> tuple[Callable[[Any], Any], list[Any]]:
    """AgentDojo's runtime on the workspace, with or without the text of a result."""
    from agentdojo.agent_pipeline.tool_execution import tool_result_to_str

    from forethought.integrations.agentdojo_tasks import parse

    calls = [parse(action, world._tools) for action in actions]
    if arm == "bare":
        return lambda call: world._runtime.run_function(world._workspace, *call), calls
    return lambda call: tool_result_to_str(world._runtime.run_function(world._workspace, *call)[0]), calls


if __name__ == "__main__":
    main()
