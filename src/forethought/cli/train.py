"""``forethought train``: a run folder, from the first token to the report."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console

from forethought.cli.display import Screen, Standing, left, measured
from forethought.cli.options import about, config_of, parse, peek, quiet_bars, settings_of, whole_number
from forethought.config import TrainConfig

if TYPE_CHECKING:
    from forethought.training import Moment

DESCRIPTION = (
    "Trains a model in a run folder and writes its report. The same command again goes on where it stopped; "
    "Ctrl-C keeps the work."
)
DEFAULT_FOLDER = Path("runs/mine")


@dataclass(frozen=True)
class TrainOptions:
    """What is not about training itself."""

    folder: Annotated[Path, about("where the run lies; one that was begun before is gone on with")] = DEFAULT_FOLDER
    config: Annotated[Path | None, about("a config.json to start from; other options override it", "FILE")] = None
    recipe: Annotated[str | None, about("a recipe to start from, e.g. quickstart", "NAME")] = None
    evaluate: Annotated[bool, about("measure the model on held-out situations afterwards")] = True
    quiet: Annotated[bool, about("print nothing but errors")] = False


def run(arguments: Sequence[str]) -> int:
    """Trains, evaluates and reports."""
    options = parse(settings_of(_defaults(arguments), TrainOptions), arguments, "train", DESCRIPTION)
    config = config_of(options)
    console = Console(quiet=options.quiet)
    from forethought.training import train

    quiet_bars()
    console.print(
        f"{config.arm}: {config.model}, {', '.join(config.worlds)}, level {config.level}, in {options.folder}"
    )
    command = shlex.join(["forethought", "train", *arguments])
    try:
        with ends_as_interrupts():
            with Screen(console) as screen:
                train(folder=options.folder, config=config, watch=_watcher(screen), command=command)
            if options.evaluate:
                _evaluate(options.folder, config, console, command)
    except KeyboardInterrupt:
        console.print(f"\nStopped. The work is kept in {options.folder}; the same command again goes on from there.")
        return 130
    if not options.quiet:
        from forethought.reports import write_report

        console.print(f"Report: {write_report([options.folder], options.folder / 'report.html')}", soft_wrap=True)
    return 0


def _evaluate(folder: Path, config: TrainConfig, console: Console, command: str) -> None:
    from forethought.cli import measure

    if measure.done(folder):
        return
    with console.status("measuring on held-out situations"):
        records = measure.measure_run(folder, config, command)
    console.print(measure.table(records))


def _defaults(arguments: Sequence[str]) -> TrainConfig:
    """Where the options start from: a config file, a recipe, the run that lies in the folder, or the defaults."""
    early = peek(arguments, "config", "recipe", "folder", "arm", "seed", "budget-tokens")
    folder = Path(early["folder"] or DEFAULT_FOLDER)
    path = Path(early["config"]) if early["config"] else folder / "config.json"
    if early["config"] or (path.exists() and not early["recipe"]):
        from forethought.training.run import load_config

        return load_config(path)
    if early["recipe"] or os.environ.get("FORETHOUGHT_FAST"):
        from forethought.training import recipes

        budget = whole_number(early["budget-tokens"], "budget-tokens")
        if not early["recipe"]:
            return recipes.sized(TrainConfig.of(), budget)
        make = recipes.recipe(early["recipe"])
        return make(early["arm"] or "developmental", whole_number(early["seed"], "seed") or 0, budget)
    return TrainConfig.of()


@contextmanager
def ends_as_interrupts() -> Iterator[None]:
    """While open, being asked to end (SIGTERM, SIGHUP) keeps the work as Ctrl-C does; what is ignored stays ignored."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    asked = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in asked:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in asked:
            signal.signal(number, signal.SIG_DFL)


def _watcher(screen: Screen) -> Callable[[Moment], None]:
    """Draws a run as it goes."""

    def watch(moment: Moment) -> None:
        if screen.due or moment.tokens >= moment.budget:
            screen.show([standing(moment)])

    return watch


def standing(moment: Moment) -> Standing:
    """A moment of training as a row to show."""
    rate = moment.fresh_tokens / moment.seconds if moment.seconds > 0 else None
    return Standing(
        moment.arm, moment.stage, moment.tokens, moment.budget, moment.steps, moment.outcome_nll,
        measured(moment.stage, moment.divergence), rate, left(moment.tokens, moment.budget, rate),
    )  # fmt: skip
