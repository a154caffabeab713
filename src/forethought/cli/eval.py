"""``forethought eval``: how well a model foresees consequences, and what comes of acting on it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console

from forethought import storage
from forethought.cli.options import about, load_model, model_folder, parse
from forethought.config import Imagination, TrainConfig

DESCRIPTION = "Measures a model on situations that training never meets and prints a table (or JSON)."


@dataclass(frozen=True)
class EvalOptions:
    """What to measure, and where."""

    suite: Annotated[
        Literal["consequences", "acting", "questions", "experiments", "all", "prompts", "gate", "shares", "recall"],
        tyro.conf.Positional,
        about(
            "what to measure; prompts: what picking the best of several ways to put a desire would claim; gate: "
            "calibrates a gate, keeps it with the model and tests what it promises; shares: memorised and "
            "extrapolated, of every model that a run kept; recall: memory of long conversations, with options of its "
            "own ('forethought eval recall --help')"
        ),
    ]
    model: Annotated[Path | None, about("a run folder or a model's folder (default: the quickstart's)", "FOLDER")] = (
        None
    )
    worlds: Annotated[tuple[str, ...], about("default: those that the run lived in, or errand", "[STR ...]")] = ()
    level: Annotated[int | None, about("default: the run's", "INT")] = None
    split: Annotated[Literal["train", "validation", "test"], about("which situations")] = "test"
    axes: Annotated[tuple[str, ...] | None, about("held-out axes ('' is none; default: all)", "[STR ...]")] = None
    n: Annotated[int | None, about("transitions and pairs of each kind in each place", "INT")] = None
    episodes: Annotated[int | None, about("episodes acted in each place", "INT")] = None
    horizon: Annotated[int, about("acting, gate: steps ahead that are imagined")] = 3
    imagine: Annotated[Imagination | None, about("acting, gate: how (default: guided where it can)", "STR")] = None
    ways: Annotated[tuple[str, ...], about("prompts: how to put the desire, {} in its place", "[STR ...]")] = ()
    alpha: Annotated[float, about("gate: the share of episodes that may end in harm")] = 0.05
    seed: Annotated[int, about("decides which situations")] = 0
    json: Annotated[bool, about("print the records as JSON")] = False


def run(arguments: Sequence[str]) -> int:
    """Measures and prints."""
    if "recall" in arguments[:1]:
        from forethought.cli import recall

        return recall.run(arguments[1:])
    options = parse(EvalOptions, arguments, "eval", DESCRIPTION)
    folder, said = model_folder(options.model)
    console = Console(stderr=options.json)
    if said:
        console.print(said, soft_wrap=True)
    from forethought.cli import measure
    from forethought.evaluation import save_results
    from forethought.evaluation.prompts import by_prompt, prompt_claim
    from forethought.reports.gather import GATE_RESULTS
    from forethought.training.run import made_by

    config, lived = run_config(folder), run_of(folder)
    scope = measure.scope_of(config)
    given: dict[str, Any] = {
        "worlds": options.worlds or None, "level": options.level, "split": options.split, "axes": options.axes,
        "n": options.n, "episodes": options.episodes, "seed": options.seed,
        "horizon": options.horizon, "imagine": options.imagine, "ways": options.ways or None,
    }  # fmt: skip
    scope = replace(scope, **{name: value for name, value in given.items() if value is not None})
    model = load_model(folder)
    with console.status("measuring") as status:
        tell: Any = lambda what, i, n: status.update(f"measuring {what} ({i} of {n})")  # noqa: E731
        if options.suite == "shares":
            records = measure.run_shares(folder, lived, scope, config, tell)
        elif options.suite == "gate":
            records = measure.gate(model, scope, config.arm, options.alpha, options.episodes, folder, tell)
            if lived is not None:
                save_results(lived / GATE_RESULTS, records, shlex.join(["forethought", "eval", *arguments]))
        else:
            records = measure.measure(model, options.suite, scope, config.arm, tell)
    if options.json:
        made = made_by(shlex.join(["forethought", "eval", *arguments]))
        print(json.dumps({"records": [record.to_dict() for record in records], **made}, indent=2))
        return 0
    for table in measure.full_tables(records):
        console.print(table, "")
    if options.suite == "prompts":
        console.print(prompt_claim(config.arm, [by_prompt(records)]).words, soft_wrap=True)
    if options.suite == "gate":
        console.print(f"The gate for {options.alpha:.1%} is in {folder / 'gate.json'}.", soft_wrap=True)
        if lived is not None:
            console.print(f"'forethought report {lived}' shows what it does.", soft_wrap=True)
    return 0


def run_of(model: Path) -> Path | None:
    """The run folder that a model's folder lies in, if it lies in one."""
    return model.parent if model.name == "model" and (model.parent / "config.json").exists() else None


def run_config(model: Path) -> TrainConfig:
    """The config of the run that a model's folder lies in; the defaults where it lies in none."""
    run = run_of(model)
    return TrainConfig.of(**storage.read_json(run / "config.json")) if run else TrainConfig.of()
