"""``forethought act``: an agent lives in a world; what it weighed, imagined, did and learned is shown as a tree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console
from rich.tree import Tree

from forethought.cli.futures import grow, option_as_json
from forethought.cli.options import about, load_model, model_folder, parse
from forethought.cli.worlds import WorldOptions, safe
from forethought.config import Imagination
from forethought.errors import BadSetting

if TYPE_CHECKING:
    from forethought.agent import Agent, Lived
    from forethought.worlds import World

DESCRIPTION = "An agent lives one episode by imagining what its actions would cause; its tree of futures is shown."


@dataclass(frozen=True)
class ActOptions(WorldOptions):
    """Who acts, where, and how far it looks ahead."""

    model: Annotated[Path | None, about("who acts (default: the quickstart's)", "FOLDER")] = None
    seed: Annotated[int, about("which situation")] = 0
    horizon: Annotated[int, about("steps ahead that are imagined")] = 3
    budget: Annotated[int, about("futures imagined at most for each decision")] = 256
    milliseconds: Annotated[int | None, about("for imagining each decision (default: no limit)", "INT")] = None
    imagine: Annotated[
        Imagination | None,
        about("how to imagine (default: guided, words with latent costs and distances, where the model can)", "STR"),
    ] = None
    samples: Annotated[int, about("outcomes drawn in words for each action; 1: the likeliest alone")] = 1
    gate: Annotated[Path | None, about("a gate.json, or a folder with one: hold or ask where it is risky", "PATH")] = (
        None
    )
    json: Annotated[bool, about("print one object instead of the tree")] = False


def run(arguments: Sequence[str]) -> int:
    """Lives one episode and shows it; 1 if its desire was not met."""
    options = parse(ActOptions, arguments, "act", DESCRIPTION)
    console = Console(highlight=False, stderr=options.json)
    folder, said = model_folder(options.model)
    if said:
        console.print(said)
    world = options.found()
    agent = _agent(options, folder, console)
    observation, info = world.reset(seed=options.seed)
    told: dict[str, Any] = {"world": world.name, "seed": options.seed, "desire": str(info.get("desire", ""))}
    told |= {"observation": observation, "imagination": agent.dynamics.name, "steps": []}
    console.print(f"[bold]Desire:[/] {safe(told['desire'])}\n[bold]Seen:[/] {safe(observation)}")
    for lived in _live(agent, world, options.seed):
        told["steps"].append(_as_json(lived))
        if not options.json:
            console.print(_as_tree(len(told["steps"]), lived))
    ended = _ended(told["steps"])
    console.print(f"\n[bold]The episode is over:[/] {ended}")
    if options.json:
        print(json.dumps({**told, "ending": ended}, indent=2, ensure_ascii=False))
    return 0 if ended == "satisfied" else 1


def _agent(options: ActOptions, folder: Path, console: Console) -> Agent:
    from forethought.agent import Agent
    from forethought.planning import Gate, Planner, imagination

    if options.gate and (options.milliseconds or options.samples != 1):
        raise BadSetting(
            "a gate is calibrated for a planner that imagines the likeliest outcomes without a clock; leave out "
            "--milliseconds and --samples, or the gate"
        )
    model, kind = load_model(folder), options.imagine
    if kind in ("guided", "latent") and model.latent is None:
        console.print(
            "[yellow]This model has no latent dynamics (train it with --latent-weight); it imagines in words.[/]"
        )
        kind = "words"
    return Agent(
        model,
        Planner(horizon=options.horizon, budget=options.budget, milliseconds=options.milliseconds),
        options.seed,
        imagination(model, kind, options.samples, options.seed),
        Gate.load(options.gate) if options.gate else None,
    )


def _live(agent: Agent, world: World, seed: int) -> Iterator[Lived]:
    import torch

    with torch.inference_mode():
        yield from agent.live(world, seed)


def _ended(steps: Sequence[dict[str, Any]]) -> str:
    if not steps:
        return "nothing was done"
    last = steps[-1]
    if last["decision"] != "act":
        return "held" if last["decision"] == "hold" else "asked"
    if last["outcome"]["harm"] != "none":
        return "harmed"
    return last["outcome"]["progress"] if last["outcome"]["progress"] != "ongoing" else "out of time"


# ---- as JSON ------------------------------------------------------------------------------------------------------
def _as_json(lived: Lived) -> dict[str, Any]:
    step = lived.step
    return {
        "options": [option_as_json(option) for option in lived.options],
        "decision": lived.decision.kind,
        "risk": lived.decision.risk,
        "question": lived.question,
        "action": lived.action,
        "prediction": lived.prediction,
        "outcome": {"text": lived.outcome, "progress": str(step.progress), "harm": str(step.harm)},
        "divergence": asdict(step.divergence),
    }


# ---- as a tree ----------------------------------------------------------------------------------------------------
def _as_tree(number: int, lived: Lived) -> Tree:
    tree = Tree(f"\n[bold]Step {number}[/]")
    weighed = tree.add("weighed")
    for option in lived.options:
        grow(weighed, option, chosen=option is lived.options[0])
    closest = max(lived.options, key=lambda option: option.prospect)
    if not closest.hopeful:
        way = safe(", then ".join(option.action for option in closest.path))
        tree.add(f"[yellow]nothing imagined meets the desire[/]; the closest ({closest.prospect:.0%}): {way}")
    if lived.decision.kind != "act":
        tree.add(f"[bold yellow]{lived.decision.kind}s[/]: {safe(lived.question)}")
        return tree
    tree.add(f"did        [bold]{safe(lived.action)}[/]")
    tree.add(f"predicted  {safe(lived.prediction or '')}")
    told = lived.outcome if lived.step.warning else f"{lived.outcome} [{lived.step.progress}, harm: {lived.step.harm}]"
    tree.add(f"happened   {safe(told)}")
    told = ", ".join(
        f"{name} {value:.2f}" for name, value in asdict(lived.step.divergence).items() if value is not None
    )
    tree.add(f"divergence {told or 'not measured'}")
    return tree
